%% From a write on a BEAM node with Groot to its value on another node: ours through each hidden feed
%% and as a visible node, and a second BEAM node with Groot, which is visible and so is sent the write
%% itself. Each is alone with the writer, so that no third node takes the processor from one of them:
%% a BEAM at work takes more of it than we do. All are read in the same way, by remote calls in a row,
%% so that a sample holds one such call too much at most. Not measured: what more than two nodes, or
%% more than one writer, do to it.
-module(bench_feed).

-export([figures/1]).

-define(REGISTERS, 1_000).
-define(RUNS, 11).
-define(GROOT, 'Elixir.Groot').

figures(Work) ->
    ok = cluster:start([{priv_dir, Work}]),
    try
        Writer = cluster:peer(writer, v0_1),
        ok = cluster:on(Writer, fun() ->
            [ok = ?GROOT:set({flag, N}, N) || N <- lists:seq(1, ?REGISTERS)],
            ok
        end),
        lists:append([feed(Feed, Writer) || Feed <- [announce, tap, visible]])
    after
        cluster:stop()
    end.

await_last(Writer, Reader) ->
    Value = fun() -> cluster:call(Writer, rpc, call, [Reader, ?GROOT, get, [{flag, ?REGISTERS}]]) end,
    await:true(fun() -> is_integer(Value()) end).

feed(Feed, Writer) ->
    {Samples, Pause, Bounds} = plan(Feed),
    io:format("feed: ~s, ~b runs of ~b writes~n", [Feed, ?RUNS, Samples]),
    Latency = fun(Node) ->
        await_last(Writer, Node),
        latency(Writer, Node, Samples, Pause)
    end,
    Runs = [{ours(Feed, Writer, Latency), stock(Writer, Latency)} || _ <- lists:seq(1, ?RUNS)],
    [
        (maps:merge(#{wanted => none}, Bound))#{
            name => io_lib:format("write to read, ~s, 1,000 registers, ~s", [Feed, What]),
            unit => "ms",
            ours => [element(Place, Ours) || {Ours, _} <- Runs],
            stock => [element(Place, Theirs) || {_, Theirs} <- Runs]
        }
     || {Place, What, Bound} <- Bounds
    ].

ours(Feed, Writer, Measure) ->
    Node = cluster:groot(Feed, ["--connect", atom_to_list(Writer) | options(Feed)]),
    Measured = Measure(Node),
    0 = cluster:stop_groot(Node),
    Measured.

stock(Writer, Measure) ->
    Node = cluster:peer(stock, v0_1),
    true = cluster:call(Writer, net_kernel, connect_node, [Node]),
    Measured = Measure(Node),
    ok = cluster:stop_peer(Node),
    Measured.

options(visible) -> ["--visibility", "visible"];
options(Feed) -> ["--hidden-feed", atom_to_list(Feed)].

%% {Writes a run, longest pause before each in ms, what of it is a figure}. The pause puts a write
%% anywhere between two questions of `announce`.
plan(announce) ->
    {20, 250, [{1, "median", #{wanted => {at_most, 250}}}]};
plan(_) ->
    Bound = #{wanted => {ratio_at_least, 1 / 1.2}, aim => {ratio_at_least, 1}},
    {250, 5, [{1, "median", Bound}, {2, "99th percentile", Bound}]}.

%% {Median, 99th percentile} of one run, in milliseconds.
latency(Writer, Reader, Samples, Pause) ->
    Fun = fun() -> [sample(Reader, Pause) || _ <- lists:seq(1, Samples)] end,
    Sorted = lists:sort(cluster:on(Writer, Fun, 600_000)),
    {lists:nth((Samples + 1) div 2, Sorted) / 1.0e6, lists:nth(Samples * 99 div 100, Sorted) / 1.0e6}.

sample(Reader, Pause) ->
    timer:sleep(rand:uniform(Pause)),
    Key = {flag, rand:uniform(?REGISTERS)},
    Value = erlang:unique_integer(),
    Start = erlang:monotonic_time(nanosecond),
    ok = ?GROOT:set(Key, Value),
    read_until(Reader, Key, Value, Start + 10_000_000_000),
    erlang:monotonic_time(nanosecond) - Start.

read_until(Reader, Key, Value, Deadline) ->
    case rpc:call(Reader, ?GROOT, get, [Key]) of
        Value ->
            ok;
        Other ->
            erlang:monotonic_time(nanosecond) < Deadline orelse error({never_arrived, Reader, Other}),
            read_until(Reader, Key, Value, Deadline)
    end.
