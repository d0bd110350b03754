%% Hidden nodes of ours that know one seed: how soon each is linked with each other one, and how long a
%% write takes to all, by links of its own and through the seed alone (star_bench). All nodes are in one
%% process and share its processors, as separate machines would not.
-module(bench_star).

-export([figures/1]).

-define(NODES, 60).
-define(WRITES, 50).

figures(Work) ->
    ok = cluster:start([{priv_dir, Work}]),
    try
        io:format("star: ~b nodes, ~b writes, linked with all and through the seed~n", [?NODES, ?WRITES]),
        #{mesh_ms := Mesh, write_ms := Linked} = star([]),
        #{write_ms := Apart} = star(["apart"]),
        [
            figure("all linked with each other after the last one's start", [Mesh], 5_000),
            figure("a write until read by all, all linked", Linked, 50),
            figure("a write until read by all, through the seed", Apart, 50)
        ]
    after
        cluster:stop()
    end.

star(Args) ->
    bench:program("star_bench", [integer_to_list(?NODES), integer_to_list(?WRITES) | Args], [
        {"ERL_EPMD_PORT", integer_to_list(cluster:epmd_port())}
    ]).

figure(What, Samples, AtMost) ->
    #{
        name => io_lib:format("~b nodes that know one seed: ~s", [?NODES, What]),
        unit => "ms",
        ours => Samples,
        stock => [],
        wanted => {at_most, AtMost}
    }.
