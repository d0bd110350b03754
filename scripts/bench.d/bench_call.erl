%% What an Elixir node pays for a call to ours, beside the same call to another Elixir node: one caller
%% to an echo gen_server and to Groot through rpc, 64 callers to stock's storage process; these also
%% from a program that costs less than 64 processes of a BEAM do, so that the node is the limit. Each
%% node has its own caller and does not know the other, or both would do the work of every write.
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
        Callers = {Caller, Other} = {cluster:peer(caller, no_groot), cluster:peer(other, no_groot)},
        Stock = cluster:peer(stock, v0_1),
        Ours = cluster:groot(ours, ["--connect", atom_to_list(Caller)]),
        ok = cluster:on(Stock, fun bench_echo:start/0),
        [
            begin
                await:equal(pong, fun() -> cluster:call(From, net_adm, ping, [Node]) end),
                ok = cluster:call(From, rpc, call, [Node, ?GROOT, set, [k, 1]])
            end
         || {From, Node} <- [{Caller, Ours}, {Other, Stock}]
        ],
        io:format("call: ~b runs of ~b calls~n", [?RUNS, ?CALLS]),
        Sets = runs(Callers, latencies({?STORAGE, Ours}, {set, k, 1}), latencies({bench_echo, Stock}, {set, k, 1})),
        Gets = runs(Callers, rpc_latencies(Ours), rpc_latencies(Stock)),
        Many = runs(Callers, many({?STORAGE, Ours}), many({?STORAGE, Stock})),
        [OneLink, Links] = [
            [{answered(Ours, Count), answered(Stock, Count)} || _ <- lists:seq(1, ?RUNS)]
         || Count <- [1, ?CALLERS]
        ],
        [
            figure("GenServer.call set, one caller, median, beside an echo gen_server", "us", 1, Sets, 1),
            figure("the same, 99th percentile", "us", 2, Sets, 1),
            figure(":rpc.call get, one caller, median", "us", 1, Gets, 1),
            figure("a set, 64 callers on a BEAM, time for each", "us", 1, Many, none),
            figure("a set, 64 callers on one node, time for each", "us", 1, OneLink, 2),
            figure("a set, 64 callers on as many nodes, time for each", "us", 1, Links, none)
        ]
    after
        cluster:stop()
    end.

%% Turn about, on the callers' nodes: {Ours, Theirs} of each run.
runs({Caller, Other}, Ours, Theirs) ->
    [{cluster:on(Caller, Ours, ?LONG_MS), cluster:on(Other, Theirs, ?LONG_MS)} || _ <- lists:seq(1, ?RUNS)].

figure(Name, Unit, Place, Runs, Ratio) ->
    #{
        name => Name,
        unit => Unit,
        ours => [element(Place, Ours) || {Ours, _} <- Runs],
        stock => [element(Place, Theirs) || {_, Theirs} <- Runs],
        wanted => wanted(Ratio)
    }.

wanted(none) -> none;
wanted(Ratio) -> {ratio_at_least, Ratio}.

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

%% {The same} for callers in a program of C++, over so many connections: the median of its runs.
answered(Node, Links) ->
    Args = [atom_to_list(Node), cluster:cookie() | [integer_to_list(N) || N <- [Links, ?CALLERS, ?CALLERS * ?CALLS_EACH]]],
    Environment = [{"ERL_EPMD_PORT", integer_to_list(cluster:epmd_port())}],
    #{us_each := Runs} = bench:program("callers_bench", Args, Environment),
    {bench:median(Runs)}.
