%% A stream of single update_register messages from one link, which a program in C++ writes
%% (stream_bench), to our node and to a BEAM node with Groot, turn about. Beside it a bare copy of the
%% same bytes over loopback. Not measured: who makes the messages, and peers to pass them on to.
-module(bench_stream).

-export([figures/1, stream/3]).

-define(MESSAGES, 300_000).
-define(KEYS, 100_000).
-define(RUNS, 5).

figures(Work) ->
    ok = cluster:start([{priv_dir, Work}]),
    try
        Stock = cluster:peer(stock, v0_1),
        Ours = cluster:groot(ours),
        io:format("stream: ~b messages over ~b keys, ~b runs~n", [?MESSAGES, ?KEYS, ?RUNS]),
        %% The first time the keys are new.
        [stream(Node, ?MESSAGES, ?KEYS) || Node <- [Ours, Stock]],
        Runs = [
            {stream(Ours, ?MESSAGES, ?KEYS), stream(Stock, ?MESSAGES, ?KEYS)}
         || _ <- lists:seq(1, ?RUNS)
        ],
        OursMs = [Ms || {#{stream_ms := Ms}, _} <- Runs],
        [
            #{
                name => "stream of 300,000 single updates from one link",
                unit => "ms",
                ours => OursMs,
                stock => [Ms || {_, #{stream_ms := Ms}} <- Runs],
                wanted => {ratio_at_least, 5}
            },
            #{
                name => "the same, beside a loopback copy of the same bytes",
                unit => "ms",
                ours => OursMs,
                stock => [Ms || {#{copy_ms := Ms}, _} <- Runs],
                beside => "a loopback copy",
                wanted => none,
                aim => {ratio_at_least, 1 / 3}
            }
        ]
    after
        cluster:stop()
    end.

%% What stream_bench measures with Node.
stream(Node, Messages, Keys) ->
    [Alive, _Host] = string:split(atom_to_list(Node), "@"),
    Port = epmd_client:port_of(cluster:epmd_port(), Alive),
    Numbers = [integer_to_list(Number) || Number <- [Messages, Keys]],
    bench:program("stream_bench", [atom_to_list(Node), integer_to_list(Port), cluster:cookie() | Numbers], []).
