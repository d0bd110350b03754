%% The network itself is cut, behind everybody's back: both ends find out by the silence.
-module(cut_SUITE).

-export([all/0, suite/0, init_per_testcase/2, end_per_testcase/2]).
-export([
    both_sides_meet/1,
    deletes_of_either_side/1,
    expiry_during_the_cut/1,
    a_short_cut_is_not_noticed/1
]).

-define(TICKTIME, "4").
%% Both ends have noticed; the node has dialled again, and been told what it missed.
-define(NOTICED_MS, 15_000).
-define(MET_MS, 40_000).

suite() -> [{timetrap, {seconds, 120}}].

all() -> [both_sides_meet, deletes_of_either_side, expiry_during_the_cut, a_short_cut_is_not_noticed].

%% The console is connected to the node by epmd itself, and not cut off.
init_per_testcase(_Case, Config) ->
    cluster:start(Config, #{beam_args => ["-kernel", "net_ticktime", ?TICKTIME, "-connect_all", "false"]}),
    [A, Console] = cluster:peers([{a, cluster:preferably(with_delete)}, {console, no_groot}]),
    cluster:set_console(Console),
    cluster:forgive(A, "groot@"),
    Proxy = proxy:start(cluster:epmd_port()),
    Program = cluster:groot_program(
        groot,
        ["--cookie", cluster:cookie(), "--net-ticktime", ?TICKTIME, "--connect", atom_to_list(A)],
        [{"ERL_EPMD_PORT", integer_to_list(proxy:epmd_port(Proxy))}]
    ),
    os_program:await_line(Program, "ready: ", 15_000),
    Groot = cluster:full_name(groot),
    cluster:await_connected(Groot, [A]),
    [{a, A}, {groot, Groot}, {proxy, Proxy} | Config].

end_per_testcase(_Case, Config) ->
    Verdict = cluster:verdict(),
    cluster:stop(),
    proxy:stop(proplists:get_value(proxy, Config)),
    Verdict.

both_sides_meet(Config) ->
    [A, Groot] = nodes_of(Config),
    ok = groot_api:set(A, both, before),
    groot_api:await_value([Groot], both, before, ?MET_MS),
    cut(Config),
    ok = groot_api:set(A, of_stock, 1),
    ok = groot_api:set(Groot, of_ours, 2),
    ok = groot_api:set(A, both, stock),
    ok = groot_api:set(Groot, both, ours),
    [nil, nil] = [groot_api:get(Groot, of_stock), groot_api:get(A, of_ours)],
    heal(Config),
    groot_api:await_value([A, Groot], of_stock, 1, ?MET_MS),
    groot_api:await_value([A, Groot], of_ours, 2, ?MET_MS),
    Last = groot_api:get(Groot, both),
    true = lists:member(Last, [stock, ours]),
    groot_api:await_value([A, Groot], both, Last, ?MET_MS).

deletes_of_either_side(Config) ->
    [A, Groot] = nodes_of(Config),
    [ok = groot_api:set(A, Key, 1) || Key <- [deleted_here, deleted_there, kept]],
    [groot_api:await_value([Groot], Key, 1, ?MET_MS) || Key <- [deleted_here, deleted_there, kept]],
    cut(Config),
    ok = groot_api:delete(Groot, deleted_here),
    1 = groot_api:get(A, deleted_here),
    HasDelete = cluster:available(with_delete),
    HasDelete andalso (ok = groot_api:delete(A, deleted_there)),
    heal(Config),
    groot_api:await_value([A, Groot], deleted_here, nil, ?MET_MS),
    HasDelete andalso groot_api:await_value([A, Groot], deleted_there, nil, ?MET_MS),
    groot_api:await_value([A, Groot], kept, 1, ?MET_MS).

expiry_during_the_cut(Config) ->
    [A, Groot] = nodes_of(Config),
    ok = groot_api:set(Groot, brief, 1, 3_000),
    groot_api:await_value([A], brief, 1),
    cut(Config),
    groot_api:await_value([Groot], brief, nil, 5_000),
    1 = groot_api:get(A, brief),
    heal(Config),
    groot_api:await_value([A, Groot], brief, nil, ?MET_MS).

%% What was held back arrives, over the same connection.
a_short_cut_is_not_noticed(Config) ->
    [A, Groot] = nodes_of(Config),
    [Pid] = links(A, Groot),
    ok = proxy:cut(proplists:get_value(proxy, Config)),
    ok = groot_api:set(Groot, held_back, 1),
    nil = groot_api:get(A, held_back),
    heal(Config),
    groot_api:await_value([A], held_back, 1),
    [Pid] = links(A, Groot),
    ok.

%% ------------------------------------------------------------------ helpers

nodes_of(Config) -> [proplists:get_value(Key, Config) || Key <- [a, groot]].

links(A, Groot) ->
    [
        proplists:get_value(owner, Info)
     || {Node, Info} <- element(2, cluster:call(A, net_kernel, nodes_info, [])), Node =:= Groot
    ].

cut(Config) ->
    [A, Groot] = nodes_of(Config),
    ok = proxy:cut(proplists:get_value(proxy, Config)),
    await:equal(false, fun() -> lists:member(Groot, cluster:call(A, erlang, nodes, [connected])) end, ?NOTICED_MS),
    await:equal(false, fun() -> lists:member(A, groot_api:call(Groot, erlang, nodes, [connected])) end, ?NOTICED_MS).

heal(Config) ->
    ok = proxy:heal(proplists:get_value(proxy, Config)).
