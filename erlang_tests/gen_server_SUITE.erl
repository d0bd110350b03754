%% The registered names of the node, as gen_server and sys see them from a BEAM. Where a BEAM is the
%% measure, the same is asked of one in the same test.
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
    refused_writes/1
]).
-import(asking, [p/1, q/1, stock/1, groot/1, on/2, like_a_beam/2, pid_of/2, serves/1]).
-import(like_beam, [same/2]).

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
        refused_writes
    ].

init_per_group(Visibility, Config) -> asking:start_without_groot(Visibility, Config).

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

%% What would trace or change the process is refused, and it serves on.
other_system_messages(Config) ->
    on(Config, fun(Groot) ->
        To = {?STORAGE, Groot},
        ok = gen_server:call(To, {set, kept, 1}),
        {error, _} = sys:suspend(To, ?AT_ONCE_MS),
        {error, _} = sys:resume(To, ?AT_ONCE_MS),
        {error, _} = sys:change_code(To, ?MODULE, old, extra, ?AT_ONCE_MS),
        {error, _} = sys:statistics(To, true, ?AT_ONCE_MS),
        {error, _} = like_beam:outcome(fun() -> sys:replace_state(To, fun(_) -> gone end, ?AT_ONCE_MS) end),
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

%% ------------------------------------------------------------------ helpers

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
