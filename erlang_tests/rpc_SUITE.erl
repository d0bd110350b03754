%% Remote calls to the node: rpc and erpc. What a BEAM without Groot answers to the same is asked of
%% one in the same test.
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
    widest_module/1,
    dangerous_functions/1,
    malformed_calls/1,
    bad_arguments/1,
    old_rex_calls/1,
    many_callers/1
]).
-import(asking, [p/1, q/1, stock/1, on/2, like_a_beam/2, crashes_are_logged/2, widest_atom/0]).
-import(like_beam, [same/2]).

-define(GROOT, 'Elixir.Groot').
-define(STORAGE, 'Elixir.Groot.Storage').
-define(NODE, 'Elixir.Node').
-define(AT_ONCE_MS, 2_000).

suite() -> [{timetrap, {seconds, 60}}].

all() -> [{group, hidden}, {group, visible}].

groups() -> [{Visibility, [], cases()} || Visibility <- [hidden, visible]].

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
        widest_module,
        dangerous_functions,
        malformed_calls,
        bad_arguments,
        old_rex_calls,
        many_callers
    ].

init_per_group(Visibility, Config) -> asking:start_beside_stock(Visibility, Config).

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
    %% What other nodes write is taken whatever its size: the nodes would differ else.
    Large = binary:copy(<<1>>, 10_000),
    ok = cluster:call(stock(Config), ?GROOT, set, [from_elsewhere, Large]),
    groot_api:await_value([Small], from_elsewhere, Large),
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
        {no_such_module, widest_atom(), [widest_atom()]},
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

%% A BEAM looks for a file of that name and logs that it cannot be, so none is asked.
widest_module(Config) ->
    on(Config, fun(Groot) ->
        Wide = widest_atom(),
        [
            {badrpc, {'EXIT', {undef, [{Wide, Wide, [Wide], []} | _]}}} = Call(Groot, Wide, Wide, [Wide])
         || Call <- [fun rpc:call/4, fun rpc:block_call/4]
        ],
        [{error, {exception, undef, [{Wide, Wide, [Wide], []} | _]}}] =
            erpc:multicall([Groot], Wide, Wide, [Wide]),
        Groot = rpc:call(Groot, erlang, node, [])
    end).

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

%% ------------------------------------------------------------------ many at once

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
