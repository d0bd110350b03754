%% From a write on a BEAM node with Groot to its value on another node: ours through each hidden feed,
%% and a second BEAM node with Groot, which is visible and so is sent the write itself. All are read
%% in the same way, by remote calls in a row, so that a sample holds one such call too much at most.
-module(bench_feed).

-export([figures/1]).

-define(REGISTERS, 1_000).
-define(RUNS, 5).
-define(GROOT, 'Elixir.Groot').

figures(Work) ->
    ok = cluster:start([{priv_dir, Work}]),
    try
        Writer = cluster:peer(writer, v0_1),
        Stock = cluster:peer(stock, v0_1),
        true = cluster:call(Writer, net_kernel, connect_node, [Stock]),
        ok = cluster:on(Writer, fun() ->
            [ok = ?GROOT:set({flag, N}, N) || N <- lists:seq(1, ?REGISTERS)],
            ok
        end),
        Readers = [
            {Feed, cluster:groot(Feed, [
                "--connect", atom_to_list(Writer), "--hidden-feed", atom_to_list(Feed)
            ])}
         || Feed <- [announce, tap]
        ],
        [
            await:equal(?REGISTERS, fun() -> value(Writer, Reader, {flag, ?REGISTERS}) end)
         || Reader <- [Stock | [Node || {_, Node} <- Readers]]
        ],
        [figure(Feed, Node, Writer, Stock) || {Feed, Node} <- Readers]
    after
        cluster:stop()
    end.

value(Writer, Reader, Key) ->
    cluster:call(Writer, rpc, call, [Reader, ?GROOT, get, [Key]]).

figure(Feed, Node, Writer, Stock) ->
    {Samples, Pause, Bound} = plan(Feed),
    io:format("feed: ~s, ~b runs of ~b writes~n", [Feed, ?RUNS, Samples]),
    Runs = [
        {latency(Writer, Node, Samples, Pause), latency(Writer, Stock, Samples, Pause)}
     || _ <- lists:seq(1, ?RUNS)
    ],
    #{
        name => io_lib:format("write to read, ~s, 1,000 registers", [Feed]),
        unit => "ms",
        ours => [Ours || {Ours, _} <- Runs],
        stock => [Theirs || {_, Theirs} <- Runs],
        wanted => {at_most, Bound}
    }.

%% {Writes a run, longest pause before each in ms, wanted median in ms}. The pause puts a write
%% anywhere between two questions of `announce`.
plan(announce) -> {40, 250, 250};
plan(tap) -> {200, 5, 5}.

%% The median of one run, in milliseconds.
latency(Writer, Reader, Samples, Pause) ->
    Fun = fun() -> [sample(Reader, Pause) || _ <- lists:seq(1, Samples)] end,
    Sorted = lists:sort(cluster:on(Writer, Fun, 600_000)),
    lists:nth((Samples + 1) div 2, Sorted) / 1.0e6.

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
