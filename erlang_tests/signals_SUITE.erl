%% Who is not there, monitors, links, exits, global and many callers, from a BEAM to the node. Where a
%% BEAM is the measure, the same is asked of one in the same test.
-module(signals_SUITE).

-export([all/0, groups/0, suite/0, init_per_group/2, end_per_group/2, end_per_testcase/2]).
-export([
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
-import(asking, [p/1, q/1, groot/1, on/2, like_a_beam/2, pid_of/2, unused_pid/1, serves/1]).
-import(like_beam, [same/2]).

-define(STORAGE, 'Elixir.Groot.Storage').
%% What must not wait for a time-out takes no longer.
-define(AT_ONCE_MS, 2_000).

suite() -> [{timetrap, {seconds, 60}}].

all() -> [{group, hidden}, {group, visible}].

groups() -> [{Visibility, [], cases()} || Visibility <- [hidden, visible]].

cases() ->
    [
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

init_per_group(Visibility, Config) -> asking:start_without_groot(Visibility, Config).

end_per_group(_Visibility, _Config) ->
    cluster:stop().

end_per_testcase(_Case, _Config) ->
    cluster:verdict().

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
    keeper:start(fun() -> yes = global:register_name(Name, self()) end).

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
