%% The registered names of the node, as gen_server, sys, monitors, links and global see them from a
%% BEAM. Where a BEAM is the measure, the same is asked of one in the same test.
-module(gen_server_SUITE).

-export([all/0, groups/0, suite/0, init_per_group/2, end_per_group/2, end_per_testcase/2]).
-export([
    storage_calls/1,
    storage_casts/1,
    storage_multi_calls/1,
    delete_all_empties/1,
    state_has_the_stock_shape/1,
    status_has_the_stock_shape/1,
    other_system_messages/1,
    clock_calls/1,
    clock_sync_casts/1,
    net_kernel_calls/1,
    every_name_and_pid/1,
    malformed_calls/1,
    malformed_messages/1,
    one_line_for_many/1,
    malformed_registers/1,
    refused_writes/1,
    unknown_names/1,
    unknown_pids/1,
    monitors_and_links/1,
    exit_signals/1,
    watched_until_the_end/1,
    watched_until_sigterm/1,
    traced_messages/1,
    group_leader/1,
    global_is_unaffected/1,
    many_callers/1,
    late_replies_are_dropped/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(CLOCK, 'Elixir.Groot.Clock').
-define(CLOCK_SYNC, 'Elixir.Groot.ClockSync').
%% What must not wait for a time-out takes no longer.
-define(AT_ONCE_MS, 2_000).
-define(MAX_DRIFT_MS, 300_000).

suite() -> [{timetrap, {seconds, 60}}].

all() -> [{group, hidden}, {group, visible}].

groups() -> [{Visibility, [], cases()} || Visibility <- [hidden, visible]].

cases() ->
    [
        storage_calls,
        storage_casts,
        storage_multi_calls,
        delete_all_empties,
        state_has_the_stock_shape,
        status_has_the_stock_shape,
        other_system_messages,
        clock_calls,
        clock_sync_casts,
        net_kernel_calls,
        every_name_and_pid,
        malformed_calls,
        malformed_messages,
        one_line_for_many,
        malformed_registers,
        refused_writes,
        unknown_names,
        unknown_pids,
        monitors_and_links,
        exit_signals,
        watched_until_the_end,
        watched_until_sigterm,
        traced_messages,
        group_leader,
        global_is_unaffected,
        many_callers,
        late_replies_are_dropped
    ].

%% p asks; q is the BEAM that the node is compared with. Neither runs Groot, so nothing but the
%% tests writes to the node. `stock` does, and has no link to any of them.
init_per_group(Visibility, Config) ->
    cluster:start(Config),
    [P, Q, Stock] = cluster:peers([{p, no_groot}, {q, no_groot}, {stock, v0_1}]),
    true = cluster:call(P, net_kernel, connect_node, [Q]),
    Groot = cluster:groot(groot, ["--visibility", atom_to_list(Visibility), "--connect", atom_to_list(P)]),
    cluster:await_connected(Groot, [P, Q]),
    [{p, P}, {q, Q}, {stock, Stock}, {groot, Groot}, {visible, Visibility =:= visible} | Config].

end_per_group(_Visibility, _Config) ->
    cluster:stop().

end_per_testcase(_Case, _Config) ->
    cluster:verdict().

%% ------------------------------------------------------------------ Groot's requests

storage_calls(Config) ->
    on(Config, fun(Groot) ->
        [
            begin
                ok = Call(To, {set, called, 1}),
                1 = Call(To, {get, called}),
                ok = Call(To, {set, called, 2, nil}),
                2 = Call(To, {get, called}),
                ok = Call(To, {set, called, 3, 60_000}),
                3 = Call(To, {get, called}),
                ok = Call(To, {set, called, 4, 0}),
                nil = Call(To, {get, called}),
                ok = Call(To, {set, called, 5}),
                ok = Call(To, {delete, called}),
                nil = Call(To, {get, called}),
                nil = Call(To, {get, never_set})
            end
         || To <- [{?STORAGE, Groot}, pid_of(?STORAGE, Groot)],
            Call <- [fun gen_server:call/2, fun gen_statem:call/2, fun call_by_request/2]
        ]
    end).

call_by_request(To, Request) ->
    {reply, Reply} = gen_server:receive_response(gen_server:send_request(To, Request), ?AT_ONCE_MS),
    Reply.

storage_casts(Config) ->
    Now = os:system_time(millisecond),
    Register = fun(Key, Value, Time) -> register_of(Key, Value, stamp(Time, 0, 1)) end,
    on(Config, fun(Groot) ->
        To = {?STORAGE, Groot},
        %% A call that follows a cast of the same process finds it done.
        After = fun(Message, Key) ->
            ok = gen_server:cast(To, Message),
            gen_server:call(To, {get, Key})
        end,
        first = After({update_register, Register(cast, first, Now)}, cast),
        first = After({update_register, Register(cast, older, Now - 1)}, cast),
        later = After({update_register, Register(cast, later, Now + 1)}, cast),
        ok = gen_server:cast(To, {update_registers, #{
            cast => Register(cast, latest, Now + 2), many => Register(many, 1, Now)
        }}),
        [latest, 1] = [gen_server:call(To, {get, Key}) || Key <- [cast, many]],
        latest = After({update_registers, #{}}, cast),
        latest = After({update_registers, #{cast => Register(cast, older, Now)}}, cast),
        nil = After({propagate_delete, cast}, cast),
        nil = After({propagate_delete, never_set}, never_set),
        nil = After({update_register, Register(cast, older, Now + 2)}, cast),
        abcast = gen_server:abcast([Groot], ?STORAGE, {update_register, Register(cast, again, Now + 60_000)}),
        again = gen_server:call(To, {get, cast})
    end).

storage_multi_calls(Config) ->
    Q = q(Config),
    Visible = proplists:get_value(visible, Config),
    on(Config, fun(Groot) ->
        {[{Groot, ok}], []} = gen_server:multi_call([Groot], ?STORAGE, {set, multi, 1}),
        {[{Groot, 1}], []} = gen_server:multi_call([Groot], ?STORAGE, {get, multi}, 5_000),
        %% One that has no such name among them is told apart at once.
        {[{Groot, 1}], [Q]} = gen_server:multi_call([Q, Groot], ?STORAGE, {get, multi}),
        {[], [Groot]} = gen_server:multi_call([Groot], no_such_name, {get, multi}),
        %% A multi_call of everybody reaches the node when it is visible.
        Expected = [{Groot, 1} || Visible],
        {Expected, Bad} = gen_server:multi_call(?STORAGE, {get, multi}),
        false = lists:member(Groot, Bad)
    end).

delete_all_empties(Config) ->
    on(Config, fun(Groot) ->
        [ok = gen_server:call({?STORAGE, Groot}, {set, {wiped, N}, N}) || N <- lists:seq(1, 100)],
        {[{Groot, ok}], []} = gen_server:multi_call([Groot], ?STORAGE, delete_all),
        #{registers := Registers} = sys:get_state({?STORAGE, Groot}),
        0 = map_size(Registers),
        nil = gen_server:call({?STORAGE, Groot}, {get, {wiped, 1}}),
        ok = gen_server:call({?STORAGE, Groot}, {set, {wiped, 1}, again}),
        again = gen_server:call({?STORAGE, Groot}, {get, {wiped, 1}})
    end).

%% ------------------------------------------------------------------ sys

state_has_the_stock_shape(Config) ->
    Stock = stock(Config),
    ok = cluster:call(Stock, 'Elixir.Groot', set, [shape, <<"value">>]),
    Theirs = cluster:call(Stock, sys, get_state, [?STORAGE]),
    Ours = on(Config, fun(Groot) ->
        {[{Groot, ok}], []} = gen_server:multi_call([Groot], ?STORAGE, delete_all),
        ok = gen_server:call({?STORAGE, Groot}, {set, shape, <<"value">>}),
        State = sys:get_state({?STORAGE, Groot}),
        State = sys:get_state(pid_of(?STORAGE, Groot)),
        State
    end),
    Shape = fun(State) ->
        #{registers := #{shape := Register = #{hlc := Stamp}}} = State,
        {maps:keys(State), maps:without([hlc], Register), maps:keys(Stamp), maps:get('__struct__', Stamp)}
    end,
    same(Shape(Theirs), Shape(Ours)).

status_has_the_stock_shape(Config) ->
    Theirs = cluster:call(stock(Config), sys, get_status, [?STORAGE]),
    Ours = on(Config, fun(Groot) -> sys:get_status({?STORAGE, Groot}) end),
    {status, Pid, _, _} = Ours,
    true = node(Pid) =:= groot(Config),
    State = fun(Status) ->
        {status, _, {module, gen_server}, [_Dictionary, running, _Parent, [], Parts]} = Status,
        [{data, [{"State", Shown}]}] = lists:nthtail(2, Parts),
        {[header, data], lists:map(fun({Kind, _}) -> Kind end, lists:sublist(Parts, 2)),
            element(2, hd(Parts)), [Label || {Label, _} <- element(2, lists:nth(2, Parts))],
            lists:sort(maps:keys(Shown))}
    end,
    same(State(Theirs), State(Ours)).

%% What would stop, trace or change the process is refused, and it serves on.
other_system_messages(Config) ->
    on(Config, fun(Groot) ->
        To = {?STORAGE, Groot},
        ok = gen_server:call(To, {set, kept, 1}),
        {error, _} = sys:suspend(To, ?AT_ONCE_MS),
        {error, _} = sys:resume(To, ?AT_ONCE_MS),
        {error, _} = sys:terminate(To, normal, ?AT_ONCE_MS),
        {error, _} = sys:change_code(To, ?MODULE, old, extra, ?AT_ONCE_MS),
        {error, _} = sys:statistics(To, true, ?AT_ONCE_MS),
        {error, _} = like_beam:outcome(fun() -> sys:replace_state(To, fun(_) -> gone end, ?AT_ONCE_MS) end),
        {error, _} = like_beam:outcome(fun() -> gen_server:stop(To, normal, ?AT_ONCE_MS) end),
        1 = gen_server:call(To, {get, kept})
    end).

%% ------------------------------------------------------------------ clocks, net_kernel

clock_calls(Config) ->
    Stamps = on(Config, fun(Groot) ->
        [
            begin
                {ok, Stamp} = gen_server:call({?CLOCK, Groot}, send_timestamp),
                Stamp
            end
         || _ <- lists:seq(1, 100)
        ]
    end),
    [#{node_id := Id} = First | _] = Stamps,
    same(lists:sort(maps:keys(stamp(1, 2, 3))), lists:sort(maps:keys(First))),
    same(lists:usort([order(Stamp) || Stamp <- Stamps]), [order(Stamp) || Stamp <- Stamps]),
    true = abs(maps:get(time, First) - os:system_time(millisecond)) < 2 * ?MAX_DRIFT_MS,
    %% A remote stamp inside the bound is taken in; past it, it is refused with stock's own words.
    Ahead = stamp(maps:get(time, lists:last(Stamps)) + 10_000, 7, 1),
    {ok, Merged = #{node_id := Id}} = clock_call(Config, {recv_timestamp, Ahead}),
    true = order(Merged) > order(Ahead),
    Far = stamp(os:system_time(millisecond) + 2 * ?MAX_DRIFT_MS, 0, 1),
    same(
        cluster:call(stock(Config), gen_server, call, [?CLOCK, {recv_timestamp, Far}]),
        clock_call(Config, {recv_timestamp, Far})
    ),
    {ok, Later} = clock_call(Config, send_timestamp),
    true = order(Later) > order(Merged),
    true = maps:get(time, Later) < maps:get(time, Far) - ?MAX_DRIFT_MS div 2.

clock_sync_casts(Config) ->
    {ok, #{time := Time}} = clock_call(Config, send_timestamp),
    Cast = fun(Message) ->
        on(Config, fun(Groot) -> gen_server:cast({?CLOCK_SYNC, Groot}, Message) end)
    end,
    ok = Cast({sync_remote_clock, stamp(Time + 5_000, 3, 1)}),
    {ok, Moved} = clock_call(Config, send_timestamp),
    true = order(Moved) > {Time + 5_000, 3},
    ok = Cast({sync_remote_clock, stamp(os:system_time(millisecond) + 2 * ?MAX_DRIFT_MS, 0, 1)}),
    {ok, #{time := Unmoved}} = clock_call(Config, send_timestamp),
    true = Unmoved < Time + ?MAX_DRIFT_MS div 2.

net_kernel_calls(Config) ->
    like_a_beam(Config, fun(Node) ->
        [
            gen_server:call({net_kernel, Node}, {is_auth, node()}),
            net_adm:ping(Node),
            net_kernel:connect_node(Node)
        ]
    end).

every_name_and_pid(Config) ->
    Names = on(Config, fun(Groot) -> rpc:call(Groot, erlang, registered, []) end),
    [] = [?STORAGE, ?CLOCK, ?CLOCK_SYNC, net_kernel, rex] -- Names,
    on(Config, fun(Groot) ->
        [
            begin
                Pid = pid_of(Name, Groot),
                Groot = node(Pid),
                Monitors = [erlang:monitor(process, To) || To <- [Pid, {Name, Groot}]],
                {error, _} = gen_server:call({Name, Groot}, no_such_request),
                {error, _} = gen_server:call(Pid, no_such_request),
                ok = gen_server:cast(Pid, no_such_request),
                %% A state, whatever it is.
                State = sys:get_state(Pid),
                State = sys:get_state({Name, Groot}),
                [true = erlang:demonitor(Monitor, [flush, info]) || Monitor <- Monitors]
            end
         || Name <- Names
        ]
    end).

%% ------------------------------------------------------------------ malformed

malformed_calls(Config) ->
    Requests =
        [nonsense, 17, -1.5, <<"text">>, <<1:3>>, [], [a | b], "text", #{}, #{a => 1}, {}, {1}, {1, 2}, {set}] ++
            [{set, 1}, {set, 1, 2, 3, 4}, {get}, {get, 1, 2}, {delete}, {delete, 1, 2}, {delete_all}] ++
            [{recv_timestamp}, {recv_timestamp, 1}, {recv_timestamp, #{}}, {send_timestamp, 1}, {is_auth}] ++
            [{is_auth, 1, 2}, {block_call}, {block_call, 1, 2, 3, 4}, {block_call, m, f, args, x}] ++
            [{call, m, f}, {call, 1, f, [], x}, {make_ref(), self(), fun() -> 1 end}],
    on(Config, fun(Groot) ->
        [
            refused(Name, Request, gen_server:call({Name, Groot}, Request))
         || Name <- rpc:call(Groot, erlang, registered, []), Request <- Requests
        ]
    end),
    serves(Config).

refused(_Name, _Request, {error, {Code, Text}}) when is_atom(Code), is_binary(Text) -> ok;
refused(Name, Request, Answer) -> error({not_refused, Name, Request, Answer}).

malformed_messages(Config) ->
    Self = self(),
    Messages =
        ['$gen_call', {'$gen_call'}, {'$gen_call', 1}, {'$gen_call', {}, x}, {'$gen_call', {Self}, x}] ++
            [{'$gen_call', {not_a_pid, 1}, x}, {'$gen_call', {Self, 1, 2}, x}, {'$gen_call', Self, x}] ++
            [{'$gen_call', {Self, []}, {get, 1}, extra}, {'$gen_cast'}, {'$gen_cast', 1, 2}] ++
            [{'$gen_cast', Each} || Each <- [x, [], {}, {1}, {x, 1}, {update_register}, {update_registers, []}]] ++
            [{'$gen_cast', Each} || Each <- [{propagate_delete}, {sync_remote_clock, 1}, {sync_remote_clock, #{}}]] ++
            [{system}, {system, x, y}, {system, {Self, 1}, [a | b]}, {system, {Self, 1}, {debug, x}}] ++
            [{nodeup}, {nodeup, 1}, {nodeup, 'nobody@127.0.0.1'}, {nodedown, node()}, sync_timeout, timeout] ++
            [{'DOWN', make_ref(), process, Self, x}, {'EXIT', Self, kill}, {io_request, Self, 1, x}, {io_request}] ++
            [{rex, x}, {Self, features_request}, {Self, {call, m, f, a, x}}, {Self, {call, 1, 2, 3, 4}}, {1, 2}] ++
            [{init_connect, 1, 2, 3}, {1, {2, {3, [4 | 5]}}}, #{}, [], "text", <<0:100_000>>, 1.5, make_ref()],
    on(Config, fun(Groot) ->
        [
            {To, Groot} ! Message
         || To <- [logger_proxy, global_name_server, init, no_such_name] ++
                rpc:call(Groot, erlang, registered, []),
            Message <- Messages
        ],
        [pid_of(Name, Groot) ! Message || Name <- [?STORAGE, rex], Message <- Messages]
    end),
    serves(Config).

one_line_for_many(Config) ->
    Solo = cluster:groot(solo),
    cluster:on(p(Config), fun() ->
        [gen_server:cast({?STORAGE, Solo}, {a_strange_cast, N}) || N <- lists:seq(1, 100)],
        [{error, _} = gen_server:call({?CLOCK, Solo}, {a_strange_call, N}) || N <- lists:seq(1, 100)],
        nil = gen_server:call({?STORAGE, Solo}, {get, never_set})
    end),
    [
        begin
            [Line] = [Each || Each <- cluster:log_of(Solo), re:run(Each, Word) =/= nomatch],
            match = re:run(Line, "p@127\\.0\\.0\\.1", [{capture, none}])
        end
     || Word <- ["a_strange_cast", "a_strange_call"]
    ],
    0 = cluster:stop_groot(Solo),
    ok.

%% Skipped and reported; the sound ones beside them count.
malformed_registers(Config) ->
    Sound = register_of(sound, 1, stamp(1, 2, 3)),
    #{hlc := Stamp} = Sound,
    Broken =
        [x, 17, [], {}, #{}, #{key => k, value => v}, #{key => k, hlc => Stamp}, #{value => v, hlc => Stamp}] ++
            [Sound#{hlc := Each} || Each <- [x, #{}, {1, 2, 3}, maps:remove(time, Stamp), maps:remove(node_id, Stamp)]] ++
            [Sound#{hlc := Stamp#{time := Each}} || Each <- [-1, 1.0, x, 1 bsl 64]] ++
            [Sound#{hlc := Stamp#{counter := Each}} || Each <- [-1, 65_536, 1.0, x]] ++
            [Sound#{hlc := Stamp#{node_id := Each}} || Each <- [-1, 1 bsl 64, 1.0, x]],
    on(Config, fun(Groot) ->
        To = {?STORAGE, Groot},
        Before = sys:get_state(To),
        [gen_server:cast(To, {update_register, Each}) || Each <- Broken],
        [gen_server:cast(To, {update_registers, #{k => Each}}) || Each <- Broken],
        Before = sys:get_state(To),
        Numbered = maps:from_list(lists:zip(lists:seq(1, length(Broken)), Broken)),
        gen_server:cast(To, {update_registers, Numbered#{sound => Sound}}),
        1 = gen_server:call(To, {get, sound})
    end),
    os_program:await_line(cluster:program(groot(Config)), "p@127\\.0\\.0\\.1.*register", ?AT_ONCE_MS),
    serves(Config).

%% An error that says what was wrong, and nothing has changed.
refused_writes(Config) ->
    Small = cluster:groot(small, ["--max-value-size", "1000"]),
    cluster:on(p(Config), fun() ->
        To = {?STORAGE, Small},
        ok = gen_server:call(To, {set, only_here, 1}),
        Held = fun() -> maps:with([only_here, refused], maps:get(registers, sys:get_state(To))) end,
        Before = Held(),
        [
            begin
                {error, {bad_expiry, Text}} = gen_server:call(To, {set, only_here, 2, Bad}),
                {match, _} = re:run(Text, "expires_in")
            end
         || Bad <- [-1, 1.0, infinity, <<"1">>, [], {1}, 1 bsl 64]
        ],
        {error, {value_too_large, _}} = gen_server:call(To, {set, only_here, binary:copy(<<1>>, 1_001)}),
        {error, {value_too_large, _}} = gen_server:call(To, {set, refused, binary:copy(<<1>>, 1_001), 1_000}),
        Before = Held()
    end),
    0 = cluster:stop_groot(Small),
    ok.

%% ------------------------------------------------------------------ who is not there

unknown_names(Config) ->
    Began = erlang:monotonic_time(millisecond),
    like_a_beam(Config, fun(Node) ->
        To = {no_such_name, Node},
        Monitor = erlang:monitor(process, To),
        [
            like_beam:down(Monitor)
            | [
                like_beam:outcome(Act)
             || Act <- [
                    fun() -> gen_server:call(To, hello, infinity) end,
                    fun() -> gen_server:cast(To, hello) end,
                    fun() -> gen_server:stop(To) end,
                    fun() -> gen_server:multi_call([Node], no_such_name, hello, infinity) end,
                    fun() -> gen_server:abcast([Node], no_such_name, hello) end,
                    fun() -> gen_statem:call(To, hello) end,
                    fun() -> gen_event:call(To, handler, hello) end,
                    fun() -> gen_event:notify(To, hello) end,
                    fun() -> sys:get_state(To) end,
                    fun() -> supervisor:which_children(To) end,
                    fun() -> erlang:send(To, hello) end
                ]
            ]
        ]
    end),
    true = erlang:monotonic_time(millisecond) - Began < ?AT_ONCE_MS.

unknown_pids(Config) ->
    Began = erlang:monotonic_time(millisecond),
    like_a_beam(Config, fun(Node) ->
        process_flag(trap_exit, true),
        Pid = unused_pid(Node),
        Monitor = erlang:monitor(process, Pid),
        link(Pid),
        [
            like_beam:down(Monitor),
            like_beam:exited(Pid)
            | [
                like_beam:outcome(Act)
             || Act <- [
                    fun() -> gen_server:call(Pid, hello, infinity) end,
                    fun() -> gen_server:cast(Pid, hello) end,
                    fun() -> sys:get_state(Pid) end,
                    fun() -> Pid ! hello end,
                    fun() -> exit(Pid, kill) end,
                    fun() -> unlink(Pid) end,
                    fun() -> erlang:group_leader(self(), Pid) end,
                    fun() -> erlang:demonitor(erlang:monitor(process, Pid), [flush]) end
                ]
            ]
        ]
    end),
    true = erlang:monotonic_time(millisecond) - Began < ?AT_ONCE_MS.

%% A pid of Node's present life that belongs to nobody. A larger number is no pid to a BEAM.
unused_pid(Node) ->
    Pid = rpc:call(Node, erlang, whereis, [net_kernel]),
    Bytes = term_to_binary(Pid),
    Head = byte_size(Bytes) - 12,
    <<Start:Head/binary, _Id:32, Serial:32, Creation:32>> = Bytes,
    binary_to_term(<<Start/binary, 32_000:32, Serial:32, Creation:32>>).

%% ------------------------------------------------------------------ monitors, links, exits

monitors_and_links(Config) ->
    like_a_beam(Config, fun(Node) ->
        process_flag(trap_exit, true),
        Pid = rpc:call(Node, erlang, whereis, [net_kernel]),
        Monitors = [erlang:monitor(process, To) || To <- [Pid, {net_kernel, Node}, Pid]],
        link(Pid),
        link(Pid),
        yes = gen_server:call(Pid, {is_auth, node()}),
        unlink(Pid),
        Demonitored = [erlang:demonitor(Monitor, [info]) || Monitor <- Monitors],
        yes = gen_server:call(Pid, {is_auth, node()}),
        %% Again, left to the end of this process.
        link(Pid),
        _ = erlang:monitor(process, {net_kernel, Node}),
        unlink(Pid),
        {Demonitored, process_info(self(), messages)}
    end),
    serves(Config).

%% The processes under registered names live as long as the node, whoever else dies.
exit_signals(Config) ->
    on(Config, fun(Groot) ->
        Names = rpc:call(Groot, erlang, registered, []),
        Pids = [pid_of(Name, Groot) || Name <- Names],
        [
            begin
                {Linked, Monitor} = spawn_monitor(fun() -> link(Pid), exit(Reason) end),
                {Linked, Reason} = like_beam:down(Monitor),
                exit(Pid, Reason)
            end
         || Pid <- Pids, Reason <- [kill, killed, normal, shutdown, {nested, [reason]}, binary:copy(<<1>>, 100_000)]
        ],
        same(Pids, [pid_of(Name, Groot) || Name <- Names])
    end),
    serves(Config).

%% A node that is killed: its watchers hear of it as when a BEAM is.
watched_until_the_end(Config) ->
    Solo = cluster:groot(solo),
    Victim = cluster:peer(victim, no_groot),
    OsPid = cluster:call(Victim, os, getpid, []),
    Kill = #{
        Solo => fun() -> cluster:kill_groot(Solo) end,
        Victim => fun() -> [] = os:cmd("kill -9 " ++ OsPid) end
    },
    [Ours, Theirs] = [watched(Config, Node, maps:get(Node, Kill)) || Node <- [Solo, Victim]],
    cluster:forget(Victim),
    same(Theirs, Ours).

%% A node that leaves in good order: nobody waits for a time-out either.
watched_until_sigterm(Config) ->
    Solo = cluster:groot(solo),
    Heard = watched(Config, Solo, fun() -> 0 = cluster:stop_groot(Solo) end),
    [nodedown, monitor, monitor, link, call] = [element(1, Each) || Each <- Heard].

%% What a process of p hears of Node's end: of the node, a monitored name, pid, a link, and a call
%% to a pid that answers nothing.
watched(Config, Node, End) ->
    P = p(Config),
    Watcher = cluster:on(P, fun() ->
        Starter = self(),
        Watcher = spawn(fun() -> watch(Node, Starter) end),
        receive
            {Watcher, watching} -> Watcher
        end
    end),
    End(),
    Heard = cluster:on(P, fun() ->
        Watcher ! {self(), tell},
        receive
            {Watcher, Heard} -> Heard
        end
    end),
    like_beam:without_names(Heard, Node).

watch(Node, Starter) ->
    process_flag(trap_exit, true),
    monitor_node(Node, true),
    Pid = rpc:call(Node, erlang, whereis, [net_kernel]),
    ByName = erlang:monitor(process, {net_kernel, Node}),
    ByPid = erlang:monitor(process, Pid),
    link(Pid),
    yes = gen_server:call(Pid, {is_auth, node()}),
    {_, Call} = spawn_monitor(fun() -> exit(like_beam:outcome(fun() -> unanswered_call(Pid) end)) end),
    Starter ! {self(), watching},
    Heard = [
        receive
            {nodedown, Node} -> {nodedown, Node}
        end,
        {monitor, like_beam:down(ByName)},
        {monitor, like_beam:down(ByPid)},
        {link, like_beam:exited(Pid)},
        {call, like_beam:down(Call)}
    ],
    receive
        {Asker, tell} -> Asker ! {self(), Heard}
    end.

%% The label is one that nobody answers.
unanswered_call(Pid) ->
    gen:call(Pid, '$no_such_call', hello, infinity).

%% With a trace token every control message has another form.
traced_messages(Config) ->
    on(Config, fun(Groot) ->
        process_flag(trap_exit, true),
        Pid = pid_of(?STORAGE, Groot),
        Unused = unused_pid(Groot),
        seq_trace:set_token(label, 17),
        seq_trace:set_token(send, true),
        ok = gen_server:call({?STORAGE, Groot}, {set, traced, 1}),
        1 = gen_server:call(Pid, {get, traced}),
        1 = rpc:call(Groot, 'Elixir.Groot', get, [traced]),
        1 = erpc:call(Groot, 'Elixir.Groot', get, [traced]),
        ok = gen_server:cast({?STORAGE, Groot}, {propagate_delete, traced}),
        nil = gen_server:call({?STORAGE, Groot}, {get, traced}),
        exit(Unused, kill),
        {_, Ends} = spawn_monitor(fun() -> link(Pid), exit({with, a_reason}) end),
        {_, {with, a_reason}} = like_beam:down(Ends),
        link(Unused),
        noproc = like_beam:exited(Unused),
        seq_trace:set_token([]),
        nil = gen_server:call({?STORAGE, Groot}, {get, traced})
    end),
    serves(Config).

%% A process that was started for the node has a group leader here: what it prints goes nowhere, but
%% it is not kept waiting.
group_leader(Config) ->
    Eve = raw_peer:connect(groot(Config), <<"eve@127.0.0.1">>),
    Leader = group_leader_of(raw_peer:receive_frame(Eve), Eve),
    raw_peer:close(Eve),
    cluster:forgive(p(Config), "^logged$"),
    on(Config, fun(Groot) ->
        Groot = node(Leader),
        Printing = spawn_monitor(fun() ->
            true = erlang:group_leader(Leader, self()),
            ok = io:format("~s, ~p~n", ["printed", node()]),
            ok = io:put_chars(<<"日本語"/utf8>>),
            logger:error("logged"),
            exit(printed)
        end),
        {Pid, Monitor} = Printing,
        receive
            {'DOWN', Monitor, process, Pid, printed} -> ok
        after ?AT_ONCE_MS -> error({waits, process_info(Pid, current_stacktrace)})
        end,
        true = erlang:group_leader(self(), pid_of(?STORAGE, Groot))
    end),
    serves(Config).

%% The node asks each new peer what it is, by a spawn request.
group_leader_of({{29, _Ref, _From, Leader, _Mfa, _Options}, _Args}, _Eve) -> Leader;
group_leader_of(_, Eve) -> group_leader_of(raw_peer:receive_frame(Eve), Eve).

%% ------------------------------------------------------------------ the cluster around it

global_is_unaffected(Config) ->
    [P, Q] = [p(Config), q(Config)],
    Began = erlang:monotonic_time(millisecond),
    Held = cluster:on(P, fun() -> hold_name(a_name) end),
    ok = cluster:call(P, global, sync, []),
    ok = cluster:call(Q, global, sync, []),
    Held = cluster:call(Q, global, whereis_name, [a_name]),
    [
        done = cluster:on(Beam, fun() ->
            true = global:set_lock({a_lock, self()}),
            true = global:del_lock({a_lock, self()}),
            global:trans({a_lock, self()}, fun() -> done end)
        end)
     || Beam <- [P, Q]
    ],
    %% A process of the node has a name in the whole cluster, and may be called by it.
    Storage = cluster:on(P, fun() -> pid_of(?STORAGE, groot(Config)) end),
    yes = cluster:call(P, global, register_name, [our_storage, Storage]),
    ok = cluster:call(Q, gen_server, call, [{global, our_storage}, {set, global, 1}]),
    1 = cluster:call(P, gen_server, call, [{global, our_storage}, {get, global}]),
    _ = cluster:call(Q, global, unregister_name, [our_storage]),
    undefined = cluster:call(P, global, whereis_name, [our_storage]),
    true = cluster:call(P, erlang, exit, [Held, kill]),
    await:equal(undefined, fun() -> cluster:call(Q, global, whereis_name, [a_name]) end),
    true = erlang:monotonic_time(millisecond) - Began < 5 * ?AT_ONCE_MS,
    serves(Config).

%% Runs in a peer: a process that has the name until it is killed.
hold_name(Name) ->
    Holder = spawn(fun() -> receive after infinity -> ok end end),
    yes = global:register_name(Name, Holder),
    Holder.

many_callers(Config) ->
    on(Config, fun(Groot) ->
        Callers = [
            spawn_monitor(fun() ->
                [
                    begin
                        ok = gen_server:call({?STORAGE, Groot}, {set, {caller, Caller}, {Caller, N}}),
                        {Caller, N} = gen_server:call({?STORAGE, Groot}, {get, {caller, Caller}})
                    end
                 || N <- lists:seq(1, 50)
                ]
            end)
         || Caller <- lists:seq(1, 200)
        ],
        [{Pid, normal} = like_beam:down(Monitor) || {Pid, Monitor} <- Callers]
    end),
    serves(Config).

late_replies_are_dropped(Config) ->
    on(Config, fun(Groot) ->
        [
            like_beam:outcome(fun() -> gen_server:call({?STORAGE, Groot}, {get, N}, 0) end)
         || N <- lists:seq(1, 100)
        ],
        %% Whatever was under way has arrived before this answer.
        nil = gen_server:call({?STORAGE, Groot}, {get, never_set}),
        same({messages, []}, process_info(self(), messages))
    end),
    ok.

%% ------------------------------------------------------------------ helpers

p(Config) -> proplists:get_value(p, Config).

q(Config) -> proplists:get_value(q, Config).

stock(Config) -> proplists:get_value(stock, Config).

groot(Config) -> proplists:get_value(groot, Config).

%% Runs Act(Node under test) in p.
on(Config, Act) ->
    Groot = groot(Config),
    cluster:on(p(Config), fun() -> like_beam:in_process(fun() -> Act(Groot) end) end).

%% Act(Node), run in p, has the same outcome for the node under test and for the BEAM q.
like_a_beam(Config, Act) ->
    [Ours, Theirs] = [
        like_beam:without_names(
            cluster:on(p(Config), fun() -> like_beam:in_process(fun() -> Act(Node) end) end), Node
        )
     || Node <- [groot(Config), q(Config)]
    ],
    same(Theirs, Ours).

same(Expected, Got) -> like_beam:same(Expected, Got).

%% The node is still there and does its work.
serves(Config) ->
    Value = make_ref(),
    on(Config, fun(Groot) ->
        ok = gen_server:call({?STORAGE, Groot}, {set, serves, Value}),
        Value = gen_server:call({?STORAGE, Groot}, {get, serves})
    end),
    ok.

pid_of(Name, Node) ->
    Pid = rpc:call(Node, erlang, whereis, [Name]),
    true = is_pid(Pid),
    Pid.

clock_call(Config, Request) ->
    on(Config, fun(Groot) -> gen_server:call({?CLOCK, Groot}, Request) end).

order(#{time := Time, counter := Counter}) -> {Time, Counter}.

register_of(Key, Value, Stamp) ->
    #{key => Key, value => Value, hlc => Stamp}.

stamp(Time, Counter, NodeId) ->
    #{
        '__struct__' => 'Elixir.HLClock.Timestamp',
        time => Time,
        counter => Counter,
        node_id => NodeId
    }.
