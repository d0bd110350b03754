%% Remote calls to the node: rpc, erpc and spawn. What a BEAM without Groot answers to the same is
%% asked of one in the same test.
-module(rpc_SUITE).

-export([all/0, groups/0, suite/0, init_per_group/2, end_per_group/2, end_per_testcase/2]).
-export([
    groot_by_rpc/1,
    groot_by_erpc/1,
    groot_by_requests/1,
    groot_by_multicall/1,
    groot_by_cast/1,
    values_of_every_type/1,
    large_values/1,
    refused_sets/1,
    unknown_functions/1,
    unknown_functions_by_erpc/1,
    unknown_functions_by_cast/1,
    dangerous_functions/1,
    malformed_calls/1,
    bad_arguments/1,
    old_rex_calls/1,
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
    cookie_of_all/1,
    many_callers/1
]).

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
        groot_by_rpc,
        groot_by_erpc,
        groot_by_requests,
        groot_by_multicall,
        groot_by_cast,
        values_of_every_type,
        large_values,
        refused_sets,
        unknown_functions,
        unknown_functions_by_erpc,
        unknown_functions_by_cast,
        dangerous_functions,
        malformed_calls,
        bad_arguments,
        old_rex_calls,
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
        cookie_of_all,
        many_callers
    ].

%% p asks; q is the BEAM without Groot, hidden or visible like our node, that it is compared with;
%% `stock` has Groot.
init_per_group(Visibility, Config) ->
    cluster:start(Config),
    [P, Stock] = cluster:peers([{p, no_groot}, {stock, cluster:preferably(with_delete)}]),
    Q = cluster:peer(q, no_groot, ["-hidden" || Visibility =:= hidden]),
    true = cluster:call(P, net_kernel, connect_node, [Stock]),
    [true = cluster:call(Beam, net_kernel, connect_node, [Q]) || Beam <- [P, Stock]],
    Groot = cluster:groot(groot, ["--visibility", atom_to_list(Visibility), "--connect", atom_to_list(P)]),
    cluster:await_connected(Groot, [P, Stock]),
    [{p, P}, {q, Q}, {stock, Stock}, {groot, Groot}, {visible, Visibility =:= visible} | Config].

end_per_group(_Visibility, _Config) ->
    cluster:stop().

end_per_testcase(_Case, _Config) ->
    cluster:verdict().

%% ------------------------------------------------------------------ Groot's functions

groot_by_rpc(Config) ->
    on(Config, fun(Groot) ->
        [
            begin
                ok = Call(Groot, ?GROOT, set, [Key, 1]),
                1 = Call(Groot, ?GROOT, get, [Key]),
                ok = Call(Groot, ?GROOT, set, [Key, 2, nil]),
                2 = Call(Groot, ?GROOT, get, [Key]),
                ok = Call(Groot, ?GROOT, set, [Key, 3, 60_000]),
                3 = Call(Groot, ?GROOT, get, [Key]),
                ok = Call(Groot, ?GROOT, set, [Key, 4, 0]),
                nil = Call(Groot, ?GROOT, get, [Key]),
                ok = Call(Groot, ?GROOT, set, [Key, 5]),
                ok = Call(Groot, ?GROOT, delete, [Key]),
                nil = Call(Groot, ?GROOT, get, [Key]),
                %% The module behind the API has the same.
                ok = Call(Groot, ?STORAGE, set, [Key, 6]),
                6 = Call(Groot, ?STORAGE, get, [Key])
            end
         || Call <- [fun rpc:call/4, fun rpc:block_call/4, fun erpc:call/4],
            %% As arguments these come in different encodings.
            Key <- [key, 7, <<"key">>, {key, [1, 2]}]
        ]
    end),
    groot_api:await_value([stock(Config)], key, 6).

groot_by_erpc(Config) ->
    Stock = stock(Config),
    on(Config, fun(Groot) ->
        ok = erpc:call(Groot, ?GROOT, set, [by_erpc, 1], ?AT_ONCE_MS),
        1 = erpc:call(Groot, ?GROOT, get, [by_erpc], infinity),
        [{ok, 1}, {ok, 1}] = await_all({ok, 1}, fun() ->
            erpc:multicall([Groot, Stock], ?GROOT, get, [by_erpc])
        end),
        ok = erpc:cast(Groot, ?GROOT, set, [by_erpc, 2]),
        2 = erpc:call(Groot, ?GROOT, get, [by_erpc]),
        ok = erpc:multicast([Groot], ?GROOT, set, [by_erpc, 3]),
        3 = erpc:call(Groot, ?GROOT, get, [by_erpc])
    end).

%% Waits until every element of Read() is Value.
await_all(Value, Read) ->
    await:true(fun() -> lists:usort(Read()) =:= [Value] end),
    Read().

groot_by_requests(Config) ->
    on(Config, fun(Groot) ->
        Request = fun(Function, Args) -> erpc:send_request(Groot, ?GROOT, Function, Args) end,
        ok = erpc:receive_response(Request(set, [by_request, 1])),
        {response, 1} = erpc:wait_response(Request(get, [by_request]), ?AT_ONCE_MS),
        Many = lists:foldl(
            fun(N, Ids) -> erpc:send_request(Groot, ?GROOT, set, [{by_request, N}, N], N, Ids) end,
            erpc:reqids_new(),
            lists:seq(1, 100)
        ),
        same(lists:seq(1, 100), lists:sort(responses(Many))),
        ok = rpc:yield(rpc:async_call(Groot, ?GROOT, set, [by_request, 2])),
        {value, 2} = rpc:nb_yield(rpc:async_call(Groot, ?GROOT, get, [by_request]), ?AT_ONCE_MS)
    end).

responses(Ids) ->
    case erpc:receive_response(Ids, ?AT_ONCE_MS, true) of
        {ok, Label, Rest} -> [Label | responses(Rest)];
        no_request -> []
    end.

groot_by_multicall(Config) ->
    [Q, Stock, Visible] = [q(Config), stock(Config), proplists:get_value(visible, Config)],
    on(Config, fun(Groot) ->
        {[ok, ok], []} = rpc:multicall([Groot, Stock], ?GROOT, set, [by_multicall, 1]),
        {[1, 1], []} = rpc:multicall([Stock, Groot], ?GROOT, get, [by_multicall]),
        {[Groot, Q, Stock], []} = rpc:multicall([Groot, Q, Stock], erlang, node, [], ?AT_ONCE_MS),
        {[Q, Groot], ['nobody@127.0.0.1']} =
            rpc:multicall([Q, 'nobody@127.0.0.1', Groot], erlang, node, []),
        [{ok, 1}, {error, {exception, undef, _}}, {ok, 1}] =
            erpc:multicall([Groot, Q, Stock], ?GROOT, get, [by_multicall]),
        %% Of everybody: the visible nodes.
        {Everybody, []} = rpc:multicall(erlang, node, []),
        Visible = lists:member(Groot, Everybody)
    end).

groot_by_cast(Config) ->
    on(Config, fun(Groot) ->
        true = rpc:cast(Groot, ?GROOT, set, [by_cast, 1]),
        %% Signals of one process to the node keep their order.
        1 = rpc:call(Groot, ?GROOT, get, [by_cast]),
        ok = erpc:cast(Groot, ?GROOT, delete, [by_cast]),
        nil = rpc:call(Groot, ?GROOT, get, [by_cast]),
        abcast = rpc:abcast([Groot], ?STORAGE, {'$gen_cast', {propagate_delete, by_cast}}),
        nil = rpc:call(Groot, ?GROOT, get, [by_cast])
    end).

values_of_every_type(Config) ->
    on(Config, fun(Groot) ->
        [
            begin
                ok = rpc:call(Groot, ?GROOT, set, [typed, Value]),
                {true, Value} = {terms:same(Value, rpc:call(Groot, ?GROOT, get, [typed])), Value},
                {true, Value} = {terms:same(Value, rpc:block_call(Groot, ?GROOT, get, [typed])), Value}
            end
         || {_, Value} <- terms:all()
        ],
        ok = rpc:call(Groot, ?GROOT, delete, [typed])
    end).

large_values(Config) ->
    on(Config, fun(Groot) ->
        Value = binary:copy(<<1, 2, 3, 4>>, 8 bsl 20),
        ok = rpc:call(Groot, ?GROOT, set, [large, Value]),
        same(Value, rpc:call(Groot, ?GROOT, get, [large])),
        same([{ok, Value}], erpc:multicall([Groot], ?GROOT, get, [large])),
        ok = rpc:call(Groot, ?GROOT, delete, [large])
    end).

%% Raised with a text that says what is wrong; nothing has changed, here or elsewhere.
refused_sets(Config) ->
    Small = cluster:groot(small, ["--max-value-size", "1000", "--connect", atom_to_list(stock(Config))]),
    cluster:await_connected(Small, [stock(Config)]),
    ok = groot_api:call_from(p(Config), Small, ?GROOT, set, [kept, 1]),
    groot_api:await_value([stock(Config)], kept, 1),
    cluster:on(p(Config), fun() ->
        State = sys:get_state({?STORAGE, Small}),
        Args =
            [[kept, 2, Bad] || Bad <- [-1, 1.5, infinity, <<"1">>, "1", {1}, #{}, [], undefined, 1 bsl 64]] ++
                [[kept, binary:copy(<<1>>, 1_001)], [new, binary:copy(<<1>>, 1_001), 60_000]],
        [
            begin
                Text = message_of(Call(Small, ?GROOT, set, Each)),
                {match, _} = re:run(Text, "expires_in|large")
            end
         || Each <- Args, Call <- [fun rpc:call/4, fun rpc:block_call/4, fun raised_by_erpc/4]
        ],
        State = sys:get_state({?STORAGE, Small})
    end),
    #{kept := #{value := 1}} = groot_api:registers(stock(Config)),
    0 = cluster:stop_groot(Small),
    ok.

%% The text of the Elixir exception in an answer of rpc.
message_of({badrpc, {'EXIT', {#{'__exception__' := true, message := Text}, [{_, _, _, _} | _]}}}) -> Text.

raised_by_erpc(Node, Module, Function, Args) ->
    {error, {exception, Reason, Stack}} =
        like_beam:outcome(fun() -> erpc:call(Node, Module, Function, Args) end),
    {badrpc, {'EXIT', {Reason, Stack}}}.

%% ------------------------------------------------------------------ undef

unknown_functions(Config) ->
    like_a_beam(Config, fun(Node) ->
        [
            like_beam:outcome(fun() -> Call(Node, Module, Function, Args) end)
         || {Module, Function, Args} <- unknown(),
            Call <- [
                fun rpc:call/4,
                fun(N, M, F, A) -> rpc:call(N, M, F, A, ?AT_ONCE_MS) end,
                fun(N, M, F, A) -> rpc:multicall([N], M, F, A) end,
                fun(N, M, F, A) -> rpc:yield(rpc:async_call(N, M, F, A)) end,
                fun(N, M, F, A) -> without_callers(rpc:block_call(N, M, F, A)) end
            ]
        ]
    end).

unknown() ->
    [
        {no_such_module, function, []},
        {no_such_module, function, [1, 2]},
        {no_such_module, function, "a string"},
        {no_such_module, function, [[], {}, #{a => 1}, <<1:3>>, 1.5, self(), fun erlang:node/0]},
        {no_such_module, function, lists:duplicate(255, x)},
        {no_such_module, '', [nil]},
        {'', '', []},
        {'日本語', 'é', [<<"ü"/utf8>>]},
        {'Elixir.Enum', sum, [[1, 2]]},
        {'Elixir.Groot', no_such_function, []},
        {'Elixir.Groot', get, []},
        {'Elixir.Groot', set, [1, 2, 3, 4]},
        {erlang, no_such_function, [1]},
        {erlang, node, [1, 2, 3]}
    ].

%% On a BEAM, rex's own functions follow in the stack.
without_callers({badrpc, {'EXIT', {undef, [Called | _]}}}) -> {undef, Called}.

unknown_functions_by_erpc(Config) ->
    like_a_beam(Config, fun(Node) ->
        [
            {
                like_beam:outcome(fun() -> erpc:call(Node, Module, Function, Args) end),
                erpc:multicall([Node], Module, Function, Args),
                like_beam:outcome(fun() ->
                    erpc:receive_response(erpc:send_request(Node, Module, Function, Args))
                end)
            }
         || {Module, Function, Args} <- unknown()
        ]
    end).

unknown_functions_by_cast(Config) ->
    like_a_beam(Config, fun(Node) ->
        [
            {
                rpc:cast(Node, Module, Function, Args),
                erpc:cast(Node, Module, Function, Args),
                erpc:multicast([Node], Module, Function, Args)
            }
         || {Module, Function, Args} <- unknown()
        ] ++ [rpc:call(Node, erlang, node, [])]
    end),
    crashes_are_logged(Config, 3 * length(unknown())).

%% A BEAM logs the crash of a process, and so does the node for which it ran: q and p. Waits for
%% that, for it is not to be taken for a fault of another case.
crashes_are_logged(Config, Count) ->
    [
        begin
            cluster:forgive(Beam, "exit value"),
            await:equal(Count, fun() -> length(cluster:call(Beam, peer_log, events, [])) end)
        end
     || Beam <- [p(Config), q(Config)]
    ],
    ok.

%% What a BEAM has and we do not is undef like anything else; above all nothing happens.
dangerous_functions(Config) ->
    on(Config, fun(Groot) ->
        [
            same({badrpc, {'EXIT', {undef, [{Module, Function, Args, []}]}}}, rpc:call(Groot, Module, Function, Args))
         || {Module, Function, Args} <- [
                {erlang, halt, []}, {init, stop, []}, {os, cmd, ["true"]}, {erlang, apply, [erlang, node, []]},
                {erlang, spawn, [erlang, node, []]}, {code, load_binary, [x, "x", <<>>]}, {file, read_file, ["/etc/passwd"]},
                {auth, get_cookie, []}, {erl_eval, expr, [x, []]}, {'Elixir.Code', eval_string, [<<"1">>]},
                {'Elixir.System', halt, [0]}, {erlang, exit, [normal]}, {application, stop, [groot]}
            ]
        ],
        [
            {badrpc, {'EXIT', {{refused, <<_/binary>>}, [{erlang, get_cookie, Args, []}]}}} =
                rpc:call(Groot, erlang, get_cookie, Args)
         || Args <- [[], [Groot]]
        ],
        {badrpc, {'EXIT', {#{'__struct__' := 'Elixir.RuntimeError', message := <<_/binary>>}, _}}} =
            rpc:call(Groot, ?NODE, get_cookie, []),
        Groot = rpc:call(Groot, erlang, node, [])
    end).

%% No caller in OTP sends these, but a spawn of erpc's own functions can.
malformed_calls(Config) ->
    on(Config, fun(Groot) ->
        [
            begin
                {Pid, Monitor} = spawn_monitor(Groot, erpc, Function, Args),
                {Pid, Reason} = like_beam:down(Monitor),
                true = Reason =/= normal
            end
         || {Function, Args} <- [
                {execute_call, []}, {execute_call, [1]}, {execute_call, [1, 2, 3, 4]}, {execute_call, [r, m, f, a]},
                {execute_call, [r, m, f, [a | b]]}, {execute_call, [r, m, f, [], extra]}, {execute_cast, [1, 2, 3]},
                {execute_cast, [m, f, [a | b]]}, {no_such_function, []}
            ]
        ],
        Groot = rpc:call(Groot, erlang, node, [])
    end).

%% Functions that are there, called wrongly: an error, not undef.
bad_arguments(Config) ->
    like_a_beam(Config, fun(Node) ->
        [
            {Function, Args, error_of(rpc:call(Node, Module, Function, Args))}
         || {Module, Function, Args} <- [
                {erlang, nodes, [no_such_kind]}, {erlang, nodes, [17]}, {erlang, whereis, [<<"name">>]},
                {erlang, function_exported, [1, f, 0]}, {erlang, function_exported, [m, f, -1]},
                {erlang, function_exported, [m, f, 256]}, {erlang, set_cookie, [17]}
            ]
        ]
    end).

error_of({badrpc, {'EXIT', {Reason, [{Module, Function, _, _} | _]}}}) -> {Reason, Module, Function};
error_of(Answer) -> Answer.

%% As OTP 22 and C nodes call.
old_rex_calls(Config) ->
    on(Config, fun(Groot) ->
        ok = gen_server:call({rex, Groot}, {call, ?GROOT, set, [by_rex, 1], group_leader()}),
        1 = gen_server:call({rex, Groot}, {call, ?GROOT, get, [by_rex], user}),
        gen_server:cast({rex, Groot}, {cast, ?GROOT, set, [by_rex, 2], user}),
        {rex, Groot} ! {self(), {call, ?GROOT, get, [by_rex], user}},
        receive
            {rex, 2} -> ok
        end,
        {rex, Groot} ! {self(), {call, no_such_module, f, [], user}},
        receive
            {rex, {badrpc, {'EXIT', {undef, [{no_such_module, f, [], []} | _]}}}} -> ok
        end
    end).

%% ------------------------------------------------------------------ spawn

spawned_processes(Config) ->
    like_a_beam(Config, fun(Node) ->
        process_flag(trap_exit, true),
        [
            {spawned(Node, erlang, node, []), spawned(Node, no_such_module, function, [1, "two"])},
            begin
                Pid = spawn(Node, erlang, node, []),
                {Pid, Reason} = like_beam:down(erlang:monitor(process, Pid)),
                %% It has ended before the monitor comes, or it ends now.
                lists:member(Reason, [noproc, normal])
            end,
            [node(spawn(Node, erlang, node, [])) || _ <- [1, 2, 3]]
        ]
    end),
    crashes_are_logged(Config, 2),
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
        same(
            rpc:call(Stock, application, ensure_all_started, [no_such_application]),
            rpc:call(Groot, application, ensure_all_started, [no_such_application])
        )
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
    Solo = cluster:groot(solo),
    P = p(Config),
    pong = cluster:call(P, net_adm, ping, [Solo]),
    %% With the other cookie it would be a stranger to those it finds.
    cluster:await_connected(Solo, [proplists:get_value(stock, Config)]),
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

many_callers(Config) ->
    on(Config, fun(Groot) ->
        Callers = [
            spawn_monitor(fun() ->
                [
                    begin
                        ok = rpc:call(Groot, ?GROOT, set, [{caller, Caller}, {Caller, N}]),
                        {Caller, N} = rpc:call(Groot, ?GROOT, get, [{caller, Caller}])
                    end
                 || N <- lists:seq(1, 25)
                ]
            end)
         || Caller <- lists:seq(1, 100)
        ],
        [{Pid, normal} = like_beam:down(Monitor) || {Pid, Monitor} <- Callers]
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
