%% What an Elixir node pays for a call to ours, beside the same call to another Elixir node: one caller
%% to an echo gen_server and to Groot through rpc, 64 callers to stock's storage process.
-module(bench_call).

-export([figures/1]).

-define(RUNS, 5).
-define(CALLS, 10_000).
-define(CALLERS, 64).
-define(CALLS_EACH, 500).
-define(GROOT, 'Elixir.Groot').
-define(STORAGE, 'Elixir.Groot.Storage').
-define(LONG_MS, 120_000).

figures(Work) ->
    ok = cluster:start([{priv_dir, Work}]),
    try
        Caller = cluster:peer(caller, no_groot),
        Stock = cluster:peer(stock, v0_1),
        Ours = cluster:groot(ours, ["--connect", atom_to_list(Caller)]),
        ok = cluster:on(Stock, fun bench_echo:start/0),
        [await:equal(pong, fun() -> cluster:call(Caller, net_adm, ping, [Node]) end) || Node <- [Ours, Stock]],
        [ok = cluster:call(Caller, rpc, call, [Node, ?GROOT, set, [k, 1]]) || Node <- [Ours, Stock]],
        io:format("call: ~b runs of ~b calls~n", [?RUNS, ?CALLS]),
        Sets = runs(Caller, latencies({?STORAGE, Ours}, {set, k, 1}), latencies({bench_echo, Stock}, {set, k, 1})),
        Gets = runs(Caller, rpc_latencies(Ours), rpc_latencies(Stock)),
        Many = runs(Caller, many({?STORAGE, Ours}), many({?STORAGE, Stock})),
        [
            figure("GenServer.call set, one caller, median, beside an echo gen_server", "us", 1, Sets, 1),
            figure("the same, 99th percentile", "us", 2, Sets, 1),
            figure(":rpc.call get, one caller, median", "us", 1, Gets, 1),
            figure("a set, 64 callers, time for each", "us", 1, Many, 2)
        ]
    after
        cluster:stop()
    end.

%% Turn about, on the caller's node: {Ours, Theirs} of each run.
runs(Caller, Ours, Theirs) ->
    [{cluster:on(Caller, Ours, ?LONG_MS), cluster:on(Caller, Theirs, ?LONG_MS)} || _ <- lists:seq(1, ?RUNS)].

figure(Name, Unit, Place, Runs, Ratio) ->
    #{
        name => Name,
        unit => Unit,
        ours => [element(Place, Ours) || {Ours, _} <- Runs],
        stock => [element(Place, Theirs) || {_, Theirs} <- Runs],
        wanted => {ratio_at_least, Ratio}
    }.

latencies(Server, Request) ->
    fun() -> quantiles(fun() -> ok = gen_server:call(Server, Request) end) end.

rpc_latencies(Node) ->
    fun() -> quantiles(fun() -> 1 = rpc:call(Node, ?GROOT, get, [k]) end) end.

%% {Median, 99th percentile}, in microseconds.
quantiles(Call) ->
    Times = lists:sort([time(Call) || _ <- lists:seq(1, ?CALLS)]),
    {lists:nth(?CALLS div 2, Times) / 1000, lists:nth(?CALLS * 99 div 100, Times) / 1000}.

time(Call) ->
    Before = erlang:monotonic_time(nanosecond),
    Call(),
    erlang:monotonic_time(nanosecond) - Before.

%% {Microseconds for each call} of many callers at once.
many(Server) ->
    fun() ->
        Calls = fun() -> [ok = gen_server:call(Server, {set, {k, N}, N}) || N <- lists:seq(1, ?CALLS_EACH)] end,
        {Us, _} = timer:tc(fun() ->
            Workers = [spawn_monitor(Calls) || _ <- lists:seq(1, ?CALLERS)],
            [receive {'DOWN', Monitor, process, Pid, normal} -> ok end || {Pid, Monitor} <- Workers]
        end),
        {Us / (?CALLERS * ?CALLS_EACH)}
    end.
