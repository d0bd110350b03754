%% A node of ours that joins empty is given all that another one holds, over loopback; meanwhile both
%% are read and written.
-module(bench_join).

-export([figures/2, entry/1]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(RUNS, 3).
-define(CHUNK, 25_000).
-define(SAMPLE, 1_000).
-define(LONG_MS, 120_000).
%% For sets of the workers.
-define(OWN, bench).

figures(Work, Registers) ->
    ok = cluster:start([{priv_dir, Work}]),
    try
        Caller = cluster:peer(caller, no_groot),
        io:format("join: ~b registers, ~b runs~n", [Registers, ?RUNS]),
        Full = cluster:groot(full, ["--connect", atom_to_list(Caller)]),
        await:equal(pong, fun() -> cluster:call(Caller, net_adm, ping, [Full]) end),
        ok = cluster:on(Caller, fun() -> fill({?STORAGE, Full}, Registers) end, ?LONG_MS),
        Runs = [run(Caller, Full, Registers) || _ <- lists:seq(1, ?RUNS)],
        [
            figure("an empty node joins " ++ integer_to_list(Registers) ++ " over loopback", joined, 4_000, Runs),
            figure("longest call meanwhile, at the one that gives", given, 50, Runs),
            figure("longest call meanwhile, at the one that joins", taken, 50, Runs),
            figure("longest from a write to its read at the other, meanwhile", across, 50, Runs)
        ]
    after
        cluster:stop()
    end.

figure(Name, Key, Bound, Runs) ->
    #{
        name => "sync: " ++ Name,
        unit => "ms",
        ours => [maps:get(Key, Run) || Run <- Runs],
        stock => [],
        wanted => {at_most, Bound}
    }.

fill(Storage, Registers) ->
    [
        gen_server:cast(Storage, {update_registers, maps:from_list([entry(N) || N <- lists:seq(From, From + ?CHUNK - 1)])})
     || From <- lists:seq(1, Registers, ?CHUNK)
    ],
    await:true(fun() -> gen_server:call(Storage, {get, key(Registers)}, ?LONG_MS) =/= nil end, ?LONG_MS).

key(N) -> list_to_binary(io_lib:format("~16..kb", [N])).

%% A register as exchange_bench has them, too.
entry(N) ->
    Key = key(N),
    Hlc = #{
        '__struct__' => 'Elixir.HLClock.Timestamp',
        time => erlang:system_time(millisecond),
        counter => 0,
        node_id => 16#fedc_ba98_7654_3210
    },
    {Key, #{key => Key, value => <<Key/binary, Key/binary>>, hlc => Hlc}}.

%% From its first link to when it reads a sample of all that there is, in milliseconds; the workers' longest
%% waits in that time.
run(Caller, Full, Registers) ->
    Joining = cluster:full_name(joining),
    Measuring = spawn_monitor(fun() ->
        exit({measured, cluster:on(Caller, fun() -> measure(Full, Joining, Registers) end, ?LONG_MS)})
    end),
    Joining = cluster:groot(joining, lists:append([["--connect", atom_to_list(Node)] || Node <- [Caller, Full]])),
    Measured = receive {'DOWN', Monitor, process, Pid, {measured, Result}} when {Pid, Monitor} =:= Measuring -> Result end,
    0 = cluster:stop_groot(Joining),
    Measured.

measure(Full, Joining, Registers) ->
    ok = net_kernel:monitor_nodes(true, [{node_type, hidden}]),
    receive {nodeup, Joining, _} -> ok end,
    Started = erlang:monotonic_time(microsecond),
    Workers = [
        {Key, spawn_monitor(Work)}
     || {Key, Work} <- [
            {given, fun() -> work(fun() -> call_both({?STORAGE, Full}) end, 0) end},
            {taken, fun() -> work(fun() -> call_both({?STORAGE, Joining}) end, 0) end},
            {across, fun() -> across({?STORAGE, Full}, {?STORAGE, Joining}) end}
        ]
    ],
    Sample = [key(rand:uniform(Registers)) || _ <- lists:seq(1, ?SAMPLE)],
    [await(fun() -> gen_server:call({?STORAGE, Joining}, {get, Key}) =/= nil end) || Key <- Sample],
    Joined = ms(Started),
    maps:from_list([{joined, Joined} | [{Key, longest(Worker)} || {Key, Worker} <- Workers]]).

longest({Pid, Monitor}) ->
    Pid ! stop,
    receive {'DOWN', Monitor, process, Pid, {longest, Ms}} -> Ms end.

work(Work, Longest) ->
    Before = erlang:monotonic_time(microsecond),
    Work(),
    Now = max(Longest, ms(Before)),
    receive
        stop -> exit({longest, Now})
    after 1 -> work(Work, Now)
    end.

call_both(Storage) ->
    ok = gen_server:call(Storage, {set, {?OWN, self()}, 1}),
    1 = gen_server:call(Storage, {get, {?OWN, self()}}).

%% What is written before the two have a link travels with the rest: only later writes count.
across(Near, Far) ->
    await(fun() ->
        Value = written(Near),
        timer:sleep(1),
        Value =:= read(Far)
    end),
    work(fun() -> write_to_read(Near, Far) end, 0).

write_to_read(Near, Far) ->
    Value = written(Near),
    await(fun() -> Value =:= read(Far) end).

written(Storage) ->
    Value = make_ref(),
    ok = gen_server:call(Storage, {set, {?OWN, across}, Value}),
    Value.

read(Storage) -> gen_server:call(Storage, {get, {?OWN, across}}).

await(Holds) -> Holds() orelse await(Holds).

ms(Since) -> (erlang:monotonic_time(microsecond) - Since) / 1_000.
