%% The node as a place to start processes at, to wait for, to look at and to connect: spawn, and the
%% functions of erlang, Node and application. What a BEAM without Groot does is asked of one in the
%% same test.
-module(remote_node_SUITE).

-export([all/0, groups/0, suite/0, init_per_group/2, end_per_group/2, end_per_testcase/2]).
-export([
    spawned_processes/1,
    spawn_options/1,
    spawned_funs/1,
    exits_of_a_spawned_process/1,
    timeouts/1,
    node_views/1,
    names_and_functions/1,
    application_functions/1,
    connect_and_disconnect/1,
    connect_to_nobody/1,
    cookie_of_one_peer/1,
    cookie_of_all/1
]).
-import(asking, [p/1, q/1, stock/1, groot/1, on/2, like_a_beam/2, crashes_are_logged/2, widest_atom/0]).
-import(like_beam, [same/2]).

-define(GROOT, 'Elixir.Groot').
-define(STORAGE, 'Elixir.Groot.Storage').
-define(NODE, 'Elixir.Node').
-define(AT_ONCE_MS, 2_000).

suite() -> [{timetrap, {seconds, 60}}].

all() -> [{group, hidden}, {group, visible}].

%% What a visible node sees is compared in visible_SUITE.
groups() -> [{hidden, [], cases()}, {visible, [], cases() -- [node_views]}].

cases() ->
    [
        spawned_processes,
        spawn_options,
        spawned_funs,
        exits_of_a_spawned_process,
        timeouts,
        node_views,
        names_and_functions,
        application_functions,
        connect_and_disconnect,
        connect_to_nobody,
        cookie_of_one_peer,
        cookie_of_all
    ].

init_per_group(Visibility, Config) -> asking:start_beside_stock(Visibility, Config).

end_per_group(_Visibility, _Config) ->
    cluster:stop().

end_per_testcase(_Case, _Config) ->
    cluster:verdict().

%% ------------------------------------------------------------------ spawn

spawned_processes(Config) ->
    like_a_beam(Config, fun(Node) ->
        process_flag(trap_exit, true),
        [
            {spawned(Node, erlang, node, []), spawned(Node, no_such_module, function, [1, "two"])},
            spawned(Node, no_such_module, widest_atom(), []),
            begin
                Pid = spawn(Node, erlang, node, []),
                {Pid, Reason} = like_beam:down(erlang:monitor(process, Pid)),
                %% It has ended before the monitor comes, or it ends now.
                lists:member(Reason, [noproc, normal])
            end,
            [node(spawn(Node, erlang, node, [])) || _ <- [1, 2, 3]]
        ]
    end),
    crashes_are_logged(Config, 4),
    on(Config, fun(Groot) ->
        Pids = [spawn(Groot, erlang, node, []) || _ <- lists:seq(1, 100)],
        same(100, length(lists:usort(Pids)))
    end).

%% How it ends, as its monitor and its link tell.
spawned(Node, Module, Function, Args) ->
    {Monitored, Monitor} = spawn_monitor(Node, Module, Function, Args),
    Linked = spawn_link(Node, Module, Function, Args),
    {Monitored, Reason} = like_beam:down(Monitor),
    {Reason, like_beam:exited(Linked)}.

spawn_options(Config) ->
    like_a_beam(Config, fun(Node) ->
        process_flag(trap_exit, true),
        [
            begin
                Request = spawn_request(Node, erlang, node, [], Options),
                {Tag, Pid} = spawned(Request),
                {Tag, node(Pid), ended(Request, Pid, Options)}
            end
         || Options <- [
                [], [monitor], [link], [link, monitor], [{priority, high}, monitor], [{fullsweep_after, 10}, monitor],
                [{min_heap_size, 1_000}, link], [{reply_tag, tagged}], [{reply, yes}, monitor], [{message_queue_data, off_heap}]
            ]
        ] ++ [unknown_option(Node)]
    end).

unknown_option(Node) ->
    Request = spawn_request(Node, erlang, node, [], [no_such_option]),
    receive
        {spawn_reply, Request, Result, Why} -> {Result, Why}
    end.

spawned(Request) ->
    receive
        {Tag, Request, ok, Pid} -> {Tag, Pid}
    end.

ended(Request, Pid, Options) ->
    [like_beam:down(Request) || lists:member(monitor, Options)] ++
        [like_beam:exited(Pid) || lists:member(link, Options)].

%% Code does not run here: it ends as undef, and says so.
spawned_funs(Config) ->
    on(Config, fun(Groot) ->
        process_flag(trap_exit, true),
        Starter = self(),
        Fun = fun() -> Starter ! ran end,
        {Pid, Monitor} = spawn_monitor(Groot, Fun),
        {Pid, {undef, [{erlang, apply, [Fun, []], []}]}} = like_beam:down(Monitor),
        {undef, _} = like_beam:exited(spawn_link(Groot, Fun)),
        {error, {exception, undef, [{erlang, apply, [Fun, []], []}]}} =
            like_beam:outcome(fun() -> erpc:call(Groot, Fun) end),
        same({messages, []}, process_info(self(), messages))
    end).

%% A process that waits for something can be watched, unlinked and ended like any other.
exits_of_a_spawned_process(Config) ->
    with_deaf_node(fun(Deaf) ->
        like_a_beam(Config, fun(Node) ->
            process_flag(trap_exit, true),
            Start = fun() -> spawn_opt(Node, net_kernel, connect_node, [Deaf], [link, monitor]) end,
            Ends = fun({Pid, Monitor}) ->
                {like_beam:down(Monitor), like_beam:exited(Pid)}
            end,
            [
                begin
                    {Pid, _} = Started = Start(),
                    Second = erlang:monitor(process, Pid),
                    exit(Pid, Reason),
                    {Ends(Started), like_beam:down(Second)}
                end
             || Reason <- [kill, shutdown, {a, <<"reason">>}]
            ] ++ [unwatched(Start()), goes_with_its_link(fun() -> spawn_link(Node, net_kernel, connect_node, [Deaf]) end)]
        end)
    end).

unwatched({Pid, Monitor}) ->
    unlink(Pid),
    true = erlang:demonitor(Monitor, [info]),
    exit(Pid, kill),
    {Pid, noproc} = like_beam:down(erlang:monitor(process, Pid)),
    process_info(self(), messages).

%% What Start() starts ends with the process that is linked to it.
goes_with_its_link(Start) ->
    Self = self(),
    Linked = spawn(fun() ->
        Self ! {started, Start()},
        receive
            die -> exit(died)
        end
    end),
    receive
        {started, Pid} ->
            Monitor = erlang:monitor(process, Pid),
            Linked ! die,
            like_beam:down(Monitor)
    end.

%% ------------------------------------------------------------------ time-outs

timeouts(Config) ->
    with_deaf_node(fun(Deaf) ->
        on(Config, fun(Groot) ->
            Args = [Groot, net_kernel, connect_node, [Deaf]],
            {badrpc, timeout} = apply(rpc, call, Args ++ [100]),
            {error, {erpc, timeout}} = like_beam:outcome(fun() -> apply(erpc, call, Args ++ [100]) end),
            {[], [Groot]} = rpc:multicall([Groot], net_kernel, connect_node, [Deaf], 100),
            Request = apply(erpc, send_request, Args),
            no_response = erpc:wait_response(Request, 100),
            {error, {erpc, timeout}} = like_beam:outcome(fun() -> erpc:receive_response(Request, 100) end),
            Key = apply(rpc, async_call, Args),
            timeout = rpc:nb_yield(Key, 100),
            %% Nobody else waits meanwhile.
            {Micros, Groot} = timer:tc(fun() -> rpc:call(Groot, erlang, node, []) end),
            true = Micros < 1_000 * ?AT_ONCE_MS
        end)
    end),
    %% The answer to those who gave up has come to nobody.
    on(Config, fun(Groot) ->
        Groot = rpc:call(Groot, erlang, node, []),
        same({messages, []}, process_info(self(), messages))
    end).

%% Act(Name of a node that takes connections and never says a word).
with_deaf_node(Act) ->
    Serving = raw_peer:serve(<<"deaf">>),
    try
        Act('deaf@127.0.0.1')
    after
        raw_peer:stop_serving(Serving)
    end.

%% ------------------------------------------------------------------ the node's own functions

%% A hidden BEAM with the same connections is the measure.
node_views(Config) ->
    [P, Q, Stock, Groot] = [p(Config), q(Config), stock(Config), groot(Config)],
    like_a_beam(Config, fun(Node) ->
        [rpc:call(Node, erlang, Function, []) || Function <- [node, nodes, is_alive]] ++
            [rpc:call(Node, erlang, nodes, [Kind]) || Kind <- [visible, this, [], [this, visible]]] ++
            [
                lists:sort(rpc:call(Node, erlang, nodes, [Kind]))
             || Kind <- [hidden, connected, [hidden], [connected, visible]]
            ]
    end),
    on(Config, fun(_) ->
        same([P, Stock], lists:sort(rpc:call(Groot, erlang, nodes, [connected]))),
        same(lists:sort([Groot, P, Stock]), lists:sort(rpc:call(Groot, erlang, nodes, [[connected, this]]))),
        true = lists:member(P, rpc:call(Groot, erlang, nodes, [known])),
        %% The same by the names that Elixir has for them.
        Groot = rpc:call(Groot, ?NODE, self, []),
        true = rpc:call(Groot, ?NODE, 'alive?', []),
        [] = rpc:call(Groot, ?NODE, list, []),
        same([P, Stock], lists:sort(rpc:call(Groot, ?NODE, list, [connected]))),
        false = lists:member(Q, rpc:call(Groot, ?NODE, list, [connected]))
    end).

names_and_functions(Config) ->
    on(Config, fun(Groot) ->
        Call = fun(Function, Args) -> rpc:call(Groot, erlang, Function, Args) end,
        [
            begin
                Pid = Call(whereis, [Name]),
                Groot = node(Pid)
            end
         || Name <- Call(registered, [])
        ],
        [?STORAGE] = [Name || Name <- Call(registered, []), Name =:= ?STORAGE],
        undefined = Call(whereis, [no_such_name]),
        [
            {Exported, Module, Function, Arity} = {
                Call(function_exported, [Module, Function, Arity]), Module, Function, Arity
            }
         || {Exported, Module, Function, Arity} <- [
                {true, ?GROOT, get, 1}, {true, ?GROOT, set, 2}, {true, ?GROOT, set, 3}, {true, ?GROOT, delete, 1},
                {false, ?GROOT, get, 0}, {false, ?GROOT, delete, 2}, {false, no_such_module, f, 0}
            ]
        ]
    end).

application_functions(Config) ->
    Stock = stock(Config),
    on(Config, fun(Groot) ->
        {ok, Version} = rpc:call(Groot, application, get_key, [groot, vsn]),
        [_, _, _] = [list_to_integer(Part) || Part <- string:lexemes(Version, ".")],
        undefined = rpc:call(Groot, application, get_key, [no_such_application, vsn]),
        Which = rpc:call(Groot, application, which_applications, []),
        {groot, _, Version} = lists:keyfind(groot, 1, Which),
        %% What is started already is started as on a node that runs Groot.
        same(
            rpc:call(Stock, application, ensure_all_started, [groot]),
            rpc:call(Groot, application, ensure_all_started, [groot])
        ),
        [
            same(
                rpc:call(Stock, application, ensure_all_started, [Name]),
                rpc:call(Groot, application, ensure_all_started, [Name])
            )
         || Name <- [no_such_application, '日本語']
        ]
    end).

connect_and_disconnect(Config) ->
    C = cluster:peer(c, no_groot),
    on(Config, fun(Groot) ->
        Call = fun(Module, Function, Args) -> rpc:call(Groot, Module, Function, Args) end,
        Connected = fun() -> lists:member(C, Call(erlang, nodes, [connected])) end,
        [
            begin
                false = Connected(),
                {Yes, Module, Function} = {Call(Module, Function, [C]), Module, Function},
                true = Connected(),
                Yes = Call(Module, Function, [C]),
                {true, Module2, Function2} = {Call(Module2, Function2, [C]), Module2, Function2},
                await:equal(false, Connected),
                %% Gone already: a BEAM says `ignored` here.
                false = true =:= Call(Module2, Function2, [C])
            end
         || {Yes, Module, Function} <- [
                {true, net_kernel, connect_node}, {true, ?NODE, connect}, {pong, net_adm, ping}, {pong, ?NODE, ping}
            ],
            {Module2, Function2} <- [{erlang, disconnect_node}, {net_kernel, disconnect}, {?NODE, disconnect}]
        ],
        true = Call(net_kernel, connect_node, [Groot]),
        pong = Call(net_adm, ping, [Groot])
    end),
    cluster:stop_peer(C).

connect_to_nobody(Config) ->
    Began = erlang:monotonic_time(millisecond),
    like_a_beam(Config, fun(Node) ->
        [
            rpc:call(Node, net_kernel, connect_node, ['nobody@127.0.0.1']),
            rpc:call(Node, net_adm, ping, ['nobody@127.0.0.1']),
            rpc:call(Node, net_adm, ping, ['no_host'])
        ]
    end),
    on(Config, fun(Groot) ->
        false = rpc:call(Groot, ?NODE, connect, ['nobody@127.0.0.1']),
        pang = rpc:call(Groot, ?NODE, ping, ['nobody@127.0.0.1'])
    end),
    true = erlang:monotonic_time(millisecond) - Began < 2 * ?AT_ONCE_MS.

%% Node.set_cookie(Node, Cookie): for that one.
cookie_of_one_peer(Config) ->
    D = cluster:peer(d, no_groot),
    true = cluster:call(D, erlang, set_cookie, [groot(Config), special]),
    on(Config, fun(Groot) ->
        Call = fun(Module, Function, Args) -> rpc:call(Groot, Module, Function, Args) end,
        [
            begin
                true = Call(Module, set_cookie, [D, wrong]),
                false = Call(net_kernel, connect_node, [D]),
                true = Call(Module, set_cookie, [D, special]),
                true = Call(net_kernel, connect_node, [D]),
                true = Call(erlang, disconnect_node, [D])
            end
         || Module <- [erlang, ?NODE]
        ]
    end),
    os_program:await_line(cluster:program(groot(Config)), "d@127\\.0\\.0\\.1.*cookie", ?AT_ONCE_MS),
    [] = [Line || Line <- cluster:log_of(groot(Config)), re:run(Line, "special|wrong_") =/= nomatch],
    cluster:forgive(D, "groot@127"),
    cluster:stop_peer(D).

%% Node.set_cookie(Cookie): for all that have none of their own; links that are up stay.
cookie_of_all(Config) ->
    P = p(Config),
    %% With the other cookie it would be a stranger to those it finds.
    Solo = cluster:groot(solo, ["--connect", atom_to_list(P)]),
    Found = [q(Config) || proplists:get_value(visible, Config)],
    cluster:await_connected(Solo, [P, stock(Config) | Found]),
    Set = fun(Cookie) ->
        true = cluster:call(P, rpc, call, [Solo, erlang, set_cookie, [list_to_atom(Cookie)]])
    end,
    {ok, Old} = raw_peer:connect(Solo, <<"eve@127.0.0.1">>, cluster:cookie()),
    Set("another_cookie"),
    true = raw_peer:is_alive(Old),
    refused = raw_peer:connect(Solo, <<"mallory@127.0.0.1">>, cluster:cookie()),
    {ok, New} = raw_peer:connect(Solo, <<"mallory@127.0.0.1">>, "another_cookie"),
    true = raw_peer:is_alive(New),
    Set(cluster:cookie()),
    [raw_peer:close(Peer) || Peer <- [Old, New]],
    0 = cluster:stop_groot(Solo),
    ok.
