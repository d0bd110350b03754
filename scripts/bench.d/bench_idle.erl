%% What the node costs while nothing happens: processor time and memory beside BEAM peers with Groot,
%% three with 1,000 registers and five with 100,000, each a figure of its own. The peers' share is their
%% average, and holds what our nodes ask of them; with the five there are two of ours, one that taps
%% them. Not measured: a visible node, which is sent each peer's full state. Linux only: it reads /proc.
-module(bench_idle).

-export([figures/2]).

-define(SLICES, 5).
%% Longer than the longest time between two full states of a stock node.
-define(SETTLE_MS, 30_000).
-define(LONG_MS, 300_000).

figures(Work, Minutes) ->
    [Few] = idle(Work, Minutes, [a, b, c], 1_000, [announce]),
    [Announce, Tap] = idle(Work, Minutes, [a, b, c, d, e], 100_000, [announce, tap]),
    Time = integer_to_list(Minutes) ++ " min",
    [
        share("three peers, " ++ Time, Few, #{wanted => {at_most, 0.2}}),
        #{
            name => "memory grown, three peers, " ++ Time,
            unit => "KiB",
            ours => growth(ours(Few)),
            stock => growth(stock(Few)),
            wanted => {at_most, 0}
        },
        #{
            name => "memory, three peers, " ++ Time,
            unit => "MiB",
            ours => [Kib / 1024 || #{kib := Kib} <- ours(Few)],
            stock => [Kib / 1024 || #{kib := Kib} <- stock(Few)],
            wanted => none
        },
        share("five peers, 100,000 registers, " ++ Time, Announce, #{
            wanted => {ratio_at_least, 10}, aim => {ratio_at_least, 50}
        }),
        share("the same, tap, " ++ Time, Tap, #{
            wanted => {ratio_at_least, 10}, aim => {ratio_at_least, 50}
        })
    ].

share(What, Readings, Bounds) ->
    Bounds#{
        name => "share of a core, " ++ What,
        unit => "%",
        ours => shares(ours(Readings)),
        stock => shares(stock(Readings))
    }.

%% For each of our nodes [{Ours, the average of the peers}], at the beginning and at the end of each
%% slice of the time.
idle(Work, Minutes, Names, Registers, Feeds) ->
    io:format("idle: ~b peers, ~b registers, ~b minutes~n", [length(Names), Registers, Minutes]),
    ok = cluster:start([{priv_dir, Work}]),
    try
        Peers = [First | Others] = cluster:peers([{Name, v0_1} || Name <- Names]),
        [true = cluster:call(First, net_kernel, connect_node, [Other]) || Other <- Others],
        ok = cluster:on(First, fun() -> fill(Registers) end, ?LONG_MS),
        Ours = [start(Feed, Peers, Registers) || Feed <- Feeds],
        Stock = [list_to_integer(cluster:call(Peer, os, getpid, [])) || Peer <- Peers],
        timer:sleep(?SETTLE_MS),
        Reading = fun() ->
            Average = average([usage(Pid) || Pid <- Stock]),
            [{usage(Pid), Average} || Pid <- Ours]
        end,
        Pause = fun() -> timer:sleep(Minutes * 60_000 div ?SLICES) end,
        transposed([Reading() | [begin Pause(), Reading() end || _ <- lists:seq(1, ?SLICES)]])
    after
        cluster:stop()
    end.

%% The process of a node that knows all peers and holds what they hold.
start(Feed, Peers = [First | _], Registers) ->
    Node = cluster:groot(Feed, ["--connect", atom_to_list(First), "--hidden-feed", atom_to_list(Feed)]),
    On = fun(Module, Function, Args) -> cluster:call(First, rpc, call, [Node, Module, Function, Args]) end,
    await:equal([], fun() -> Peers -- On(erlang, nodes, [connected]) end, 30_000),
    await:equal(Registers, fun() -> On('Elixir.Groot', get, [{flag, Registers}]) end, 30_000),
    os_program:os_pid(cluster:program(Node)).

transposed([[] | _]) -> [];
transposed(Rows) -> [[hd(Row) || Row <- Rows] | transposed([tl(Row) || Row <- Rows])].

fill(Registers) ->
    [ok = 'Elixir.Groot':set({flag, N}, N) || N <- lists:seq(1, Registers)],
    ok.

ours(Readings) -> [Ours || {Ours, _} <- Readings].

stock(Readings) -> [Stock || {_, Stock} <- Readings].

average(Usages) ->
    maps:from_list([
        {Key, lists:sum([maps:get(Key, Usage) || Usage <- Usages]) / length(Usages)}
     || Key <- [at, cpu, kib]
    ]).

%% A sample for each slice of the time.
shares(Readings) ->
    between(Readings, fun(#{at := T1, cpu := C1}, #{at := T2, cpu := C2}) ->
        100 * (C2 - C1) / (T2 - T1)
    end).

growth(Readings) ->
    between(Readings, fun(#{kib := Before}, #{kib := After}) -> After - Before end).

between([A | Rest = [B | _]], Fun) -> [Fun(A, B) | between(Rest, Fun)];
between([_], _Fun) -> [].

%% Nanoseconds on a processor, over all threads that live; KiB resident.
usage(Pid) ->
    Folder = "/proc/" ++ integer_to_list(Pid),
    [_ | _] = Tasks = filelib:wildcard(Folder ++ "/task/*/schedstat"),
    {ok, Status} = file:read_file(Folder ++ "/status"),
    {match, [Kib]} = re:run(Status, "VmRSS:\\s+([0-9]+) kB", [{capture, [1], binary}]),
    #{
        at => erlang:monotonic_time(nanosecond),
        cpu => lists:sum([on_processor(File) || File <- Tasks]),
        kib => binary_to_integer(Kib)
    }.

on_processor(File) ->
    {ok, Text} = file:read_file(File),
    binary_to_integer(hd(binary:split(Text, <<" ">>))).
