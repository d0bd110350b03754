%% Whom a node dials, how often, and whom no more: names that nobody answers to, peers that refuse it,
%% peers that want to be rid of it.
-module(names_SUITE).

-export([all/0, suite/0, init_per_testcase/2, end_per_testcase/2]).
-export([
    silent_names_hold_few_descriptors/1,
    nodes_that_close_are_dialled_less_and_less/1,
    a_refusal_is_repeated_seldom/1,
    a_cookie_that_is_set_is_tried_at_once/1,
    connect_node_after_a_heal/1,
    stays_away_after_a_disconnect/1,
    is_back_where_another_peer_sees_it/1,
    is_back_where_it_was_told_to_connect/1
]).

%% Dials that may be under way.
-define(DIALS_MAX, 64).

suite() -> [{timetrap, {seconds, 120}}].

all() ->
    [
        silent_names_hold_few_descriptors,
        nodes_that_close_are_dialled_less_and_less,
        a_refusal_is_repeated_seldom,
        a_cookie_that_is_set_is_tried_at_once,
        connect_node_after_a_heal,
        stays_away_after_a_disconnect,
        is_back_where_another_peer_sees_it,
        is_back_where_it_was_told_to_connect
    ].

init_per_testcase(_Case, Config) ->
    cluster:start(Config),
    [A, B] = cluster:peers([{a, no_groot}, {b, no_groot}]),
    true = cluster:call(A, net_kernel, connect_node, [B]),
    Console = cluster:peer(console, no_groot, ["-hidden", "-connect_all", "false"]),
    cluster:set_console(Console),
    [cluster:forgive(Node, "groot@") || Node <- [A, B, Console]],
    [{a, A}, {b, B}, {console, Console} | Config].

end_per_testcase(_Case, _Config) ->
    Verdict = cluster:verdict(),
    cluster:stop(),
    Verdict.

%% ------------------------------------------------------------------ names that nobody answers to

silent_names_hold_few_descriptors(Config) ->
    {Groot, A, _} = hidden(Config),
    Before = open_files(Groot),
    Listening = listen(),
    name_nodes(Groot, A, names_at(Listening)),
    await:true(fun() -> open_files(Groot) > Before + ?DIALS_MAX div 2 end),
    await:holds(fun() -> open_files(Groot) =< Before + ?DIALS_MAX + 8 end, 8_000),
    %% Who comes meanwhile is found all the same.
    Late = cluster:peer(late, no_groot),
    true = cluster:call(A, net_kernel, connect_node, [Late]),
    await:true(fun() -> lists:member(Late, seen_by(Groot)) end, 15_000).

nodes_that_close_are_dialled_less_and_less(Config) ->
    {Groot, A, _} = hidden(Config),
    Listening = listen(),
    Dials = counting(Listening),
    Names = names_at(Listening),
    name_nodes(Groot, A, Names),
    %% Each has been tried a few times by then, and is tried in ever longer intervals.
    await:true(fun() -> counters:get(Dials, 1) >= 6 * length(Names) end, 60_000),
    Quiet = counters:get(Dials, 1),
    await:holds(fun() -> counters:get(Dials, 1) =< Quiet + length(Names) end, 10_000),
    pong = cluster:call(A, net_adm, ping, [Groot]).

%% ------------------------------------------------------------------ peers that refuse

a_refusal_is_repeated_seldom(Config) ->
    A = proplists:get_value(a, Config),
    _ = refused(A),
    Refusals = fun() -> length([1 || {_, Text} <- cluster:call(A, peer_log, events, []), is_refusal(Text)]) end,
    await:true(fun() -> Refusals() >= 1 end),
    await:holds(fun() -> Refusals() =< 4 end, 25_000).

is_refusal(Text) -> re:run(Text, "groot@.*rejected|Invalid challenge", [{capture, none}]) =:= match.

%% The back-off is for a person who may come tomorrow, not for one who has just done something.
a_cookie_that_is_set_is_tried_at_once(Config) ->
    A = proplists:get_value(a, Config),
    {Groot, Console} = refused(A, Config),
    await:true(fun() -> length(cluster:call(A, peer_log, events, [])) >= 2 end, 20_000),
    true = cluster:call(Console, rpc, call, [Groot, erlang, set_cookie, [list_to_atom(cluster:cookie())]]),
    await:true(fun() -> lists:member(Groot, cluster:call(A, erlang, nodes, [hidden])) end, 2_000).

%% An attempt with the wrong cookie is under way when the right one is set: it is not waited for.
connect_node_after_a_heal(Config) ->
    {Groot, A, Console} = hidden(Config),
    Call = fun(Module, Function, Args) -> cluster:call(Console, rpc, call, [Groot, Module, Function, Args]) end,
    Connect = fun() -> Call(net_kernel, connect_node, [A]) end,
    [
        begin
            true = Call(erlang, set_cookie, [A, wrong]),
            true = Call(erlang, disconnect_node, [A]),
            await:true(fun() -> not lists:member(Groot, cluster:call(A, erlang, nodes, [hidden])) end),
            Before = sockets(A),
            ok = cluster:call(A, sys, suspend, [net_kernel]),
            Attempt = asking(Connect),
            await:true(fun() -> sockets(A) > Before end),
            true = Call(erlang, set_cookie, [A, list_to_atom(cluster:cookie())]),
            Later = asking(Connect),
            Groot = Call(erlang, node, []),
            ok = cluster:call(A, sys, resume, [net_kernel]),
            true = answer_of(Later),
            _ = answer_of(Attempt)
        end
     || _ <- lists:seq(1, 5)
    ],
    ok.

asking(Ask) -> spawn_monitor(fun() -> exit({answer, Ask()}) end).

answer_of({Pid, Monitor}) ->
    receive
        {'DOWN', Monitor, process, Pid, {answer, Answer}} -> Answer
    end.

sockets(Node) -> length(cluster:call(Node, erlang, ports, [])).

%% ------------------------------------------------------------------ peers that want to be rid of us

%% As libcluster's strategies do it: each node that finds another one gone from its list disconnects it.
stays_away_after_a_disconnect(Config) ->
    [A, B] = [proplists:get_value(Key, Config) || Key <- [a, b]],
    Groot = cluster:groot(groot, ["--visibility", "visible"]),
    [pong = cluster:call(Node, net_adm, ping, [Groot]) || Node <- [A, B]],
    await:equal([A, B], fun() -> lists:sort(seen_by(Groot)) end),
    [true = cluster:call(Node, erlang, disconnect_node, [Groot]) || Node <- [A, B]],
    await:equal([], fun() -> seen_by(Groot) end),
    await:holds(fun() -> not is_seen(Groot, [A, B]) end, 15_000),
    %% It is not kept out.
    pong = cluster:call(A, net_adm, ping, [Groot]),
    await:true(fun() -> is_seen(Groot, [A]) end).

is_back_where_another_peer_sees_it(Config) ->
    [A, B] = [proplists:get_value(Key, Config) || Key <- [a, b]],
    Groot = cluster:groot(groot, ["--visibility", "visible"]),
    [pong = cluster:call(Node, net_adm, ping, [Groot]) || Node <- [A, B]],
    await:equal([A, B], fun() -> lists:sort(seen_by(Groot)) end),
    true = cluster:call(A, erlang, disconnect_node, [Groot]),
    await:equal([B], fun() -> seen_by(Groot) end),
    await:true(fun() -> is_seen(Groot, [A]) end, 6_000).

is_back_where_it_was_told_to_connect(Config) ->
    A = proplists:get_value(a, Config),
    Groot = cluster:groot(groot, ["--visibility", "visible", "--connect", atom_to_list(A)]),
    await:true(fun() -> is_seen(Groot, [A]) end),
    true = cluster:call(A, erlang, disconnect_node, [Groot]),
    await:true(fun() -> not is_seen(Groot, [A]) end),
    await:true(fun() -> is_seen(Groot, [A]) end, 2_000).

%% ------------------------------------------------------------------ helpers

hidden(Config) ->
    [A, Console] = [proplists:get_value(Key, Config) || Key <- [a, console]],
    Groot = cluster:groot(groot, ["--connect", atom_to_list(A)]),
    cluster:await_connected(Groot, [A]),
    {Groot, A, Console}.

%% A node with another cookie than A, which it dials.
refused(A) ->
    Program = cluster:groot_program(groot, ["--cookie", "wrong", "--connect", atom_to_list(A)], []),
    os_program:await_line(Program, "ready: ", 15_000),
    cluster:full_name(groot).

refused(A, Config) ->
    Groot = refused(A),
    Console = proplists:get_value(console, Config),
    true = cluster:call(Console, erlang, set_cookie, [Groot, wrong]),
    pong = cluster:call(Console, net_adm, ping, [Groot]),
    {Groot, Console}.

%% Names of nodes that are all at this socket, for as long as the test runs.
names_at(Listening) ->
    {ok, Port} = inet:port(Listening),
    [
        begin
            {ok, _} = epmd_client:register(cluster:epmd_port(), Alive, Port),
            cluster:full_name(list_to_atom(Alive))
        end
     || N <- lists:seq(1, 200), Alive <- ["n" ++ integer_to_list(N)]
    ].

%% Nodes of ours tell each other their names so.
name_nodes(Groot, By, Names) ->
    ok = cluster:call(By, gen_server, cast, [{'Elixir.Groot.Peer', Groot}, {linked, Names}]).

%% Without accept it takes connections, and says nothing.
listen() ->
    {ok, Listening} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}, {backlog, 1_024}]),
    Listening.

%% Closes each connection at once, and counts them.
counting(Listening) ->
    Dials = counters:new(1, []),
    spawn_link(fun() -> close_all(Listening, Dials) end),
    Dials.

close_all(Listening, Dials) ->
    case gen_tcp:accept(Listening) of
        {ok, Socket} ->
            ok = counters:add(Dials, 1, 1),
            ok = gen_tcp:close(Socket),
            close_all(Listening, Dials);
        {error, closed} ->
            ok
    end.

open_files(Groot) -> proc_fs:open_files(os_program:os_pid(cluster:program(Groot))).

seen_by(Groot) -> groot_api:call(Groot, erlang, nodes, [connected]) -- [cluster:console()].

is_seen(Groot, Beams) ->
    lists:any(fun(Node) -> lists:member(Groot, cluster:call(Node, erlang, nodes, [])) end, Beams).
