%% What the suites share that ask the node from a BEAM, p, and compare it with another BEAM, q, that
%% runs no Groot. Runs inside BEAM peers too.
-module(asking).

-export([start_beside_stock/2, start_without_groot/2, p/1, q/1, stock/1, groot/1]).
-export([on/2, like_a_beam/2, crashes_are_logged/2, pid_of/2, serves/1, unused_pid/1, widest_atom/0]).

-define(STORAGE, 'Elixir.Groot.Storage').

%% q is hidden or visible like our node; `stock` has Groot and is connected to all.
start_beside_stock(Visibility, Config) ->
    cluster:start(Config),
    [P, Stock] = cluster:peers([{p, no_groot}, {stock, cluster:preferably(with_delete)}]),
    Q = cluster:peer(q, no_groot, ["-hidden" || Visibility =:= hidden]),
    true = cluster:call(P, net_kernel, connect_node, [Stock]),
    [true = cluster:call(Beam, net_kernel, connect_node, [Q]) || Beam <- [P, Stock]],
    with_groot(Visibility, [{p, P}, {q, Q}, {stock, Stock} | Config], [P, Stock]).

%% Neither p nor q runs Groot, so nothing but the tests writes to the node. `stock` does, and has no
%% link to any of them.
start_without_groot(Visibility, Config) ->
    cluster:start(Config),
    [P, Q, Stock] = cluster:peers([{p, no_groot}, {q, no_groot}, {stock, v0_1}]),
    true = cluster:call(P, net_kernel, connect_node, [Q]),
    with_groot(Visibility, [{p, P}, {q, Q}, {stock, Stock} | Config], [P, Q]).

with_groot(Visibility, Config, Beams) ->
    Groot = cluster:groot(groot, ["--visibility", atom_to_list(Visibility), "--connect", atom_to_list(p(Config))]),
    cluster:await_connected(Groot, Beams),
    [{groot, Groot}, {visible, Visibility =:= visible} | Config].

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
    like_beam:same(Theirs, Ours).

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

%% A pid of Node's present life that belongs to nobody. A larger number is no pid to a BEAM.
unused_pid(Node) ->
    Pid = rpc:call(Node, erlang, whereis, [net_kernel]),
    Bytes = term_to_binary(Pid),
    Head = byte_size(Bytes) - 12,
    <<Start:Head/binary, _Id:32, Serial:32, Creation:32>> = Bytes,
    binary_to_term(<<Start/binary, 32_000:32, Serial:32, Creation:32>>).

%% 255 characters, 765 bytes.
widest_atom() ->
    list_to_atom(lists:duplicate(255, 16#20AC)).
