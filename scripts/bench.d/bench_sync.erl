%% What it takes two nodes of ours to become equal, in one process (exchange_bench), beside what stock
%% Groot sends for the same: its whole state, each to the other; and over loopback (bench_join).
-module(bench_sync).

-export([figures/1]).

-define(REGISTERS, 1_000_000).
-define(RUNS, 3).
-define(SAMPLE, 1_000).

figures(Work) ->
    io:format("sync: ~b registers, ~b runs~n", [?REGISTERS, ?RUNS]),
    Runs = [
        bench:program("exchange_bench", [integer_to_list(?REGISTERS)], [])
     || _ <- lists:seq(1, ?RUNS)
    ],
    Megabytes = fun(Bytes) -> Bytes / 1_000_000 end,
    State = Megabytes(state_bytes()),
    [
        figure("1,000 of 1,000,000 differ, sent", "MB", differ_bytes, Megabytes, [2 * State], none, Runs),
        figure("the same by the size of what differs", "times", differ_ratio, fun same/1, [], {at_most, 2}, Runs),
        figure("an empty node joins 1,000,000, processor time of both", "ms", join_ms, fun same/1, [], none, Runs),
        figure("longest turn of the event loop", "ms", turn_ms, fun same/1, [], {at_most, 50}, Runs)
        | bench_join:figures(Work, ?REGISTERS)
    ].

figure(Name, Unit, Key, Convert, Stock, Wanted, Runs) ->
    #{
        name => "sync: " ++ Name,
        unit => Unit,
        ours => [Convert(maps:get(Key, Run)) || Run <- Runs],
        stock => Stock,
        wanted => Wanted
    }.

same(Value) -> Value.

%% Of a full state with as many of the registers that exchange_bench has.
state_bytes() ->
    Registers = maps:from_list([bench_join:entry(N) || N <- lists:seq(1, ?SAMPLE)]),
    byte_size(term_to_binary({'$gen_cast', {update_registers, Registers}})) * (?REGISTERS div ?SAMPLE).
