%% --remote-admin: what those who hold the cookie may call.
-module(remote_admin_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, end_per_testcase/2]).
-export([
    full_answers_like_a_beam/1,
    groot_refuses_administration/1,
    off_refuses_everything/1,
    the_cookie_is_told_to_nobody/1,
    nodes_of_ours_still_find_each_other/1
]).

-define(GROOT, 'Elixir.Groot').
-define(STORAGE, 'Elixir.Groot.Storage').
-define(NODE, 'Elixir.Node').

suite() -> [{timetrap, {seconds, 60}}].

all() ->
    [
        full_answers_like_a_beam,
        groot_refuses_administration,
        off_refuses_everything,
        the_cookie_is_told_to_nobody,
        nodes_of_ours_still_find_each_other
    ].

init_per_suite(Config) -> cluster:start_pair(Config, #{}).

end_per_suite(_Config) -> cluster:stop().

end_per_testcase(_Case, Config) -> cluster:tidy([a(Config), b(Config)]).

%% Deploy scripts and test kits look at what these return.
full_answers_like_a_beam(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = start([], A),
    cluster:await_connected(Groot, [A, B]),
    [Theirs, Ours] = [
        like_beam:without_names(
            [
                {Module, Function, Args, kind_of(cluster:call(A, rpc, call, [Node, Module, Function, Args]))}
             || {Module, Function, Args} <- [
                    {net_adm, ping, ['nobody@127.0.0.1']}, {net_adm, ping, [A]}, {net_kernel, connect_node, [A]},
                    {net_kernel, connect_node, ['nobody@127.0.0.1']}, {net_kernel, connect_node, [Node]},
                    {erlang, set_cookie, ['nobody@127.0.0.1', c]}, {erlang, set_cookie, [Node, list_to_atom(cluster:cookie())]},
                    {erlang, set_cookie, [list_to_atom(cluster:cookie())]}, {erlang, set_cookie, ['nobody@127.0.0.1', "text"]},
                    {erlang, set_cookie, ["text", c]}, {erlang, nodes, [what]}, {erlang, is_alive, []}, {erlang, node, []},
                    {erlang, disconnect_node, ["text"]}, {application, ensure_all_started, [groot]},
                    {?GROOT, set, [by_script, 1]}, {?GROOT, get, [by_script]}
                ]
            ],
            Node
        )
     || Node <- [B, Groot]
    ],
    like_beam:same(Theirs, Ours),
    {groot, _, _} = lists:keyfind(groot, 1, rpc(A, Groot, application, which_applications, [])).

kind_of({badrpc, {'EXIT', {Reason, [{Module, Function, _, _} | _]}}}) -> {raised, Reason, Module, Function};
kind_of(Answer) -> Answer.

groot_refuses_administration(Config) ->
    A = a(Config),
    Groot = start(["--remote-admin", "groot"], A),
    cluster:await_connected(Groot, [A, b(Config)]),
    ok = rpc(A, Groot, ?GROOT, set, [k, 1]),
    1 = rpc(A, Groot, ?GROOT, get, [k]),
    [_ | _] = rpc(A, Groot, erlang, nodes, [connected]),
    {ok, []} = rpc(A, Groot, application, ensure_all_started, [groot]),
    [refused(rpc(A, Groot, Module, Function, Args), Module) || {Module, Function, Args} <- administration(A)],
    [false = rpc(A, Groot, erlang, function_exported, [Module, Function, length(Args)]) || {Module, Function, Args} <- administration(A)],
    true = rpc(A, Groot, erlang, function_exported, [?GROOT, set, 2]),
    %% Nothing of it happened.
    true = lists:member(A, rpc(A, Groot, erlang, nodes, [connected])),
    pong = cluster:call(A, net_adm, ping, [Groot]).

off_refuses_everything(Config) ->
    A = a(Config),
    Groot = start(["--remote-admin", "off"], A),
    cluster:await_connected(Groot, [A, b(Config)]),
    [
        refused(rpc(A, Groot, Module, Function, Args), Module)
     || {Module, Function, Args} <- [
            {?GROOT, get, [k]}, {?GROOT, set, [k, 1]}, {?STORAGE, delete_all, []}, {erlang, node, []}, {?NODE, list, []},
            {application, which_applications, []} | administration(A)
        ]
    ],
    {badrpc, {'EXIT', {undef, _}}} = rpc(A, Groot, no_such_module, f, []),
    %% Replication, and what a gen_server of that name answers, is what the node is there for.
    ok = groot_api:set(A, still, 1),
    await:equal(1, fun() -> cluster:call(A, gen_server, call, [{?STORAGE, Groot}, {get, still}]) end),
    pong = cluster:call(A, net_adm, ping, [Groot]).

administration(A) ->
    [
        {erlang, disconnect_node, [A]}, {net_kernel, disconnect, [A]}, {?NODE, disconnect, [A]}, {erlang, set_cookie, [monster]},
        {erlang, set_cookie, [A, monster]}, {?NODE, set_cookie, [monster]}, {?NODE, set_cookie, [A, monster]},
        {net_kernel, connect_node, [A]}, {?NODE, connect, [A]}, {net_adm, ping, [A]}, {?NODE, ping, [A]}
    ].

the_cookie_is_told_to_nobody(Config) ->
    A = a(Config),
    Groot = start([], A),
    cluster:await_connected(Groot, [A]),
    [refused(rpc(A, Groot, Module, get_cookie, Args), Module) || Module <- [erlang, ?NODE], Args <- [[], [A]]],
    {badrpc, {'EXIT', {undef, _}}} = rpc(A, Groot, auth, get_cookie, []),
    ok.

%% By the one question that they put to each other; nobody else may ask it, either, for more.
nodes_of_ours_still_find_each_other(Config) ->
    [A, B] = [a(Config), b(Config)],
    One = cluster:groot(one, ["--remote-admin", "off", "--visibility", "visible", "--connect", atom_to_list(A)]),
    cluster:await_connected(One, [A, B]),
    Two = cluster:groot(two, ["--remote-admin", "off", "--visibility", "visible", "--connect", atom_to_list(One)]),
    cluster:await_connected(Two, [A, B]),
    await:equal(lists:sort([A, B, Two]), fun() -> lists:sort(rpc(A, One, erlang, nodes, [])) end).

%% ------------------------------------------------------------------ helpers

a(Config) -> proplists:get_value(a, Config).

b(Config) -> proplists:get_value(b, Config).

start(Options, A) -> cluster:groot(groot, Options ++ ["--connect", atom_to_list(A)]).

rpc(From, Node, Module, Function, Args) -> groot_api:call_from(From, Node, Module, Function, Args).

%% An error that can be read, in the shape that the module's language has for one.
refused({badrpc, {'EXIT', {{refused, Text}, [_ | _]}}}, erlang) -> true = is_binary(Text);
refused({badrpc, {'EXIT', {{refused, Text}, [_ | _]}}}, Module) when Module =:= net_kernel; Module =:= net_adm; Module =:= application ->
    true = is_binary(Text);
refused({badrpc, {'EXIT', {#{'__struct__' := 'Elixir.RuntimeError', message := Text}, [_ | _]}}}, _ElixirModule) ->
    true = is_binary(Text).
