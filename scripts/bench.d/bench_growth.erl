%% Cost against size: what merging, joining, comparing, memory, reads, writes and idling cost where a
%% node holds 1,000, 10,000, 100,000 and a million registers; memory, reads and writes also with ten
%% million. How much dearer the largest is than the smallest is a figure beside what that may be:
%% n log n for what handles all registers or looks for what differs; for a read and a write, which
%% depend on n by the processor's caches alone, what the bare look-up in the same table grows by; for
%% memory n; for idling nothing but the noise.
%%
%% All without the network: merge_bench, exchange_bench and embed_bench say what each leaves out.
-module(bench_growth).

-export([figures/1]).

-define(SIZES, [1_000, 10_000, 100_000, 1_000_000]).
-define(LARGEST, 10_000_000).
-define(DIFFERING, 100).
-define(RUNS, 5).
%% What a round of 20 microseconds may seem to grow by.
-define(NOISE, 2).

figures(Work) ->
    ok = cluster:start([{priv_dir, Work}]),
    try
        Merge = [{N, runs(fun() -> program("merge_bench", [N]) end)} || N <- ?SIZES],
        Exchange = [{N, runs(fun() -> program("exchange_bench", [N, ?DIFFERING]) end)} || N <- ?SIZES],
        %% Each run of this one is several.
        Embed = [{N, [program("embed_bench", [N])]} || N <- ?SIZES ++ [?LARGEST]],
        Bare = points(bare_ns, Embed),
        NLogN = fun({Small, _}, {Large, _}) -> Large * math:log(Large) / (Small * math:log(Small)) end,
        Linear = fun({Small, _}, {Large, _}) -> Large / Small end,
        AsBare = fun(_, _) -> growth(Bare) end,
        Noise = fun(_, _) -> ?NOISE end,
        [
            figure("merge of a full state", "ms", points(empty_ms, Merge), NLogN, "n log n"),
            figure("join of an empty node", "ms", points(join_ms, Exchange), NLogN, "n log n"),
            figure("sync of 100 that differ", "ms", points(differ_ms, Exchange), NLogN, "n log n"),
            figure("memory, all registers", "B", memory(Embed), Linear, "n"),
            figure("set of a key that is there", "ns", points(overwrite_ns, Embed), AsBare, "the bare look-up"),
            figure("get", "ns", points(get_ns, Embed), AsBare, "the bare look-up"),
            figure("idle round of two equals", "ms", points(idle_ms, Exchange), Noise, "noise")
        ]
    after
        cluster:stop()
    end.

program(Name, Numbers) ->
    io:format("growth: ~s ~b~n", [Name, hd(Numbers)]),
    bench:program(Name, [integer_to_list(Number) || Number <- Numbers], [
        {"ERL_EPMD_PORT", integer_to_list(cluster:epmd_port())}
    ]).

runs(Run) -> [Run() || _ <- lists:seq(1, ?RUNS)].

%% [{Registers, [Sample]}]
points(Key, Results) ->
    [{N, lists:flatten([maps:get(Key, Run) || Run <- Runs])} || {N, Runs} <- Results].

memory(Results) ->
    [{N, [N * maps:get(register_bytes, Run) || Run <- Runs]} || {N, Runs} <- Results].

growth(Points) ->
    {_, Small} = hd(Points),
    {_, Large} = lists:last(Points),
    bench:median(Large) / bench:median(Small).

figure(Name, Unit, Points, Bound, Beside) ->
    {Smallest, _} = hd(Points),
    {Largest, _} = lists:last(Points),
    #{
        name => io_lib:format("growth of ~s, ~b to ~b", [Name, Smallest, Largest]),
        unit => "times",
        ours => [growth(Points)],
        stock => [Bound(hd(Points), lists:last(Points))],
        beside => Beside,
        wanted => {ratio_at_least, 1},
        points => #{what => Name, unit => Unit, samples => Points}
    }.
