%% What the node costs while nothing happens: processor time and memory beside three BEAM peers with
%% Groot. Linux only: it reads /proc.
-module(bench_idle).

-export([figures/2]).

-define(REGISTERS, 1_000).
-define(SLICES, 5).
%% Longer than the longest time between two full states of a stock node.
-define(SETTLE_MS, 30_000).

figures(Work, Minutes) ->
    ok = cluster:start([{priv_dir, Work}]),
    try
        Peers = [First | Others] = cluster:peers([{Name, v0_1} || Name <- [a, b, c]]),
        [true = cluster:call(First, net_kernel, connect_node, [Other]) || Other <- Others],
        ok = cluster:on(First, fun() ->
            [ok = 'Elixir.Groot':set({flag, N}, N) || N <- lists:seq(1, ?REGISTERS)],
            ok
        end),
        Node = cluster:groot(idle, ["--connect", atom_to_list(First)]),
        Sees = fun() -> lists:sort(cluster:call(First, rpc, call, [Node, erlang, nodes, [connected]])) end,
        await:equal(lists:sort(Peers), Sees, 30_000),
        Ours = os_program:os_pid(cluster:program(Node)),
        Stock = list_to_integer(cluster:call(First, os, getpid, [])),
        measure(Ours, Stock, Minutes)
    after
        cluster:stop()
    end.

measure(Ours, Stock, Minutes) ->
    io:format("idle: three peers, ~b minutes~n", [Minutes]),
    timer:sleep(?SETTLE_MS),
    Before = [{usage(Ours), usage(Stock)}],
    Readings = lists:foldl(
        fun(_, Sofar) ->
            timer:sleep(Minutes * 60_000 div ?SLICES),
            [{usage(Ours), usage(Stock)} | Sofar]
        end,
        Before,
        lists:seq(1, ?SLICES)
    ),
    {OurReadings, StockReadings} = lists:unzip(lists:reverse(Readings)),
    Hidden = "three peers, " ++ integer_to_list(Minutes) ++ " min",
    [
        #{
            name => "share of a core, " ++ Hidden,
            unit => "%",
            ours => shares(OurReadings),
            stock => shares(StockReadings),
            wanted => {at_most, 0.2}
        },
        #{
            name => "memory grown, " ++ Hidden,
            unit => "KiB",
            ours => growth(OurReadings),
            stock => growth(StockReadings),
            wanted => {at_most, 0}
        },
        #{
            name => "memory, " ++ Hidden,
            unit => "MiB",
            ours => [Kib / 1024 || #{kib := Kib} <- OurReadings],
            stock => [Kib / 1024 || #{kib := Kib} <- StockReadings],
            wanted => none
        }
    ].

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
