%% Away for longer than tombstones live: what was deleted meanwhile stays deleted where somebody proves
%% it, and nothing else goes.
-module(absence_SUITE).

-export([all/0, suite/0, init_per_testcase/2, end_per_testcase/2]).
-export([
    deleted_meanwhile/1,
    deleted_meanwhile_among_nodes_of_ours/1,
    alone/1,
    groot_was_restarted_meanwhile/1,
    every_other_node_was_restarted_meanwhile/1,
    written_while_cut_off/1,
    without_a_feed/1,
    peers_are_found_without_a_seed/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').

suite() -> [{timetrap, {seconds, 240}}].

all() ->
    [
        deleted_meanwhile,
        deleted_meanwhile_among_nodes_of_ours,
        alone,
        groot_was_restarted_meanwhile,
        every_other_node_was_restarted_meanwhile,
        written_while_cut_off,
        without_a_feed,
        peers_are_found_without_a_seed
    ].

init_per_testcase(Case, Config) ->
    case Case =:= deleted_meanwhile andalso not cluster:available(with_delete) of
        true -> {skip, "the real Groot has no delete"};
        false -> data_dir:start(Case, Config)
    end.

end_per_testcase(_Case, _Config) -> data_dir:stop().

%% The only key there was: with its tombstone, the last trace of it is gone.
deleted_meanwhile(Config) ->
    A = cluster:peer(a, with_delete),
    Args = short_lived(A),
    Groot = joined(Config, A, Args),
    ok = groot_api:set(Groot, deleted, 1),
    groot_api:await_value([A], deleted, 1),
    data_dir:await_level(Groot, A),
    0 = cluster:stop_groot(Groot),
    ok = cluster:call(A, gen_server, call, [?STORAGE, delete_all]),
    tombstones_end(),
    Groot = data_dir:groot(Config, Args),
    os_program:await_line(cluster:program(Groot), "had 1 registers that it no longer has", 20_000),
    [nil, nil] = [groot_api:get(Node, deleted) || Node <- [A, Groot]],
    0 = cluster:stop_groot(Groot),
    Groot = data_dir:groot(Config, Args),
    nil = groot_api:get(Groot, deleted),
    0 = cluster:stop_groot(Groot),
    %% It was no good idea.
    Groot = data_dir:groot(Config, ["--bring-back-dropped" | Args]),
    os_program:await_line(cluster:program(Groot), "1 registers that were set aside are brought back", 5_000),
    groot_api:await_value([A, Groot], deleted, 1).

deleted_meanwhile_among_nodes_of_ours(Config) ->
    Other = cluster:groot(other, ["--tombstone-ttl", "1"]),
    Args = short_lived(Other),
    Groot = data_dir:groot(Config, Args),
    [ok = groot_api:set(Groot, Key, 1) || Key <- [deleted, kept]],
    [groot_api:await_value([Other], Key, 1) || Key <- [deleted, kept]],
    data_dir:await_level(Groot, Other),
    0 = cluster:stop_groot(Groot),
    ok = groot_api:delete(Other, deleted),
    await:equal([kept], fun() -> maps:keys(groot_api:registers(Other)) end),
    ok = groot_api:set(Other, written, 2),
    tombstones_end(),
    Groot = data_dir:groot(Config, Args),
    os_program:await_line(cluster:program(Groot), "had 1 registers that it no longer has", 20_000),
    [await:equal([kept, written], fun() -> lists:sort(maps:keys(groot_api:registers(Node))) end) || Node <- [Groot, Other]],
    ok.

alone(Config) ->
    A = cluster:peer(a, cluster:preferably(with_delete)),
    Args = short_lived(A),
    Groot = joined(Config, A, Args),
    ok = groot_api:set(Groot, kept, 1),
    data_dir:await_level(Groot, A),
    0 = cluster:stop_groot(Groot),
    cluster:stop_peer(A),
    tombstones_end(),
    Groot = data_dir:groot(Config, Args),
    os_program:await_line(cluster:program(Groot), "1 registers are sent to nobody", 1_000),
    1 = groot_api:get(Groot, kept),
    ok.

%% Its BEAM is as old as ever, and its Groot holds nothing: that is a loss, and no delete.
groot_was_restarted_meanwhile(Config) ->
    A = cluster:peer(a, cluster:preferably(with_delete)),
    Args = short_lived(A),
    Groot = joined(Config, A, Args),
    Keys = lists:seq(1, 100),
    [ok = groot_api:set(Groot, Key, Key) || Key <- Keys],
    data_dir:await_level(Groot, A),
    0 = cluster:stop_groot(Groot),
    cluster:kill_storage(A),
    await:equal(nil, fun() -> groot_api:get(A, 1) end),
    ok = groot_api:set(A, fresh, 2),
    tombstones_end(),
    Groot = data_dir:groot(Config, Args),
    groot_api:await_value([Groot], fresh, 2),
    [groot_api:await_value([A, Groot], Key, Key, 30_000) || Key <- Keys],
    ok.

every_other_node_was_restarted_meanwhile(Config) ->
    Other = cluster:groot(other, []),
    Args = short_lived(Other),
    Groot = data_dir:groot(Config, Args),
    ok = groot_api:set(Groot, kept, 1),
    data_dir:await_level(Groot, Other),
    0 = cluster:stop_groot(Groot),
    0 = cluster:stop_groot(Other),
    tombstones_end(),
    Other = cluster:groot(other, []),
    ok = groot_api:set(Other, fresh, 2),
    Groot = data_dir:groot(Config, Args),
    groot_api:await_value([Groot], fresh, 2),
    groot_api:await_value([Other, Groot], kept, 1, 30_000),
    os_program:await_line(cluster:program(Groot), "1 registers from before this node was away are kept", 1_000),
    ok.

%% The cluster never had what was written then.
written_while_cut_off(Config) ->
    A = cluster:peer(a, cluster:preferably(with_delete)),
    Args = ["--durability", "sync" | short_lived(A)],
    Groot = joined(Config, A, Args),
    ok = groot_api:set(Groot, before, 1),
    data_dir:await_level(Groot, A),
    cluster:forgive(A, "rejected"),
    true = cluster:call(A, erlang, set_cookie, [Groot, of_another_cluster]),
    cluster:call(A, erlang, disconnect_node, [Groot]),
    await:equal(false, fun() -> lists:member(Groot, cluster:call(A, erlang, nodes, [hidden])) end),
    Keys = lists:seq(1, 100),
    [ok = groot_api:set(Groot, Key, Key) || Key <- Keys],
    cluster:kill_groot(Groot),
    tombstones_end(),
    true = cluster:call(A, erlang, set_cookie, [Groot, list_to_atom(cluster:cookie())]),
    Groot = data_dir:groot(Config, Args),
    [groot_api:await_value([A, Groot], Key, Key, 30_000) || Key <- Keys],
    1 = groot_api:get(Groot, before),
    ok.

%% Nobody ever shows this node anything: nobody can prove anything, and all is sent as ever.
without_a_feed(Config) ->
    A = cluster:peer(a, cluster:preferably(with_delete)),
    Args = ["--hidden-feed", "off" | short_lived(A)],
    Groot = joined(Config, A, Args),
    ok = groot_api:set(Groot, kept, 1),
    groot_api:await_value([A], kept, 1),
    0 = cluster:stop_groot(Groot),
    cluster:kill_storage(A),
    await:equal(nil, fun() -> groot_api:get(A, kept) end),
    tombstones_end(),
    Groot = data_dir:groot(Config, Args),
    groot_api:await_value([A, Groot], kept, 1).

%% The seed is gone for good; the node that it once named is not.
peers_are_found_without_a_seed(Config) ->
    Version = cluster:preferably(with_delete),
    [A, B] = cluster:peers([{a, Version}, {b, Version}]),
    true = cluster:call(A, net_kernel, connect_node, [B]),
    Args = ["--connect", atom_to_list(A)],
    Groot = data_dir:groot(Config, Args),
    cluster:await_connected(Groot, [A, B]),
    ok = groot_api:set(Groot, k, 1),
    groot_api:await_value([A, B], k, 1),
    data_dir:await_level(Groot, B),
    0 = cluster:stop_groot(Groot),
    cluster:stop_peer(A),
    Groot = data_dir:groot(Config, Args),
    cluster:await_connected(Groot, [B]),
    ok = groot_api:set(Groot, k, 2),
    groot_api:await_value([B], k, 2).

%% ------------------------------------------------------------------ help

short_lived(Peer) -> ["--tombstone-ttl", "1", "--connect", atom_to_list(Peer)].

joined(Config, Peer, Args) ->
    Groot = data_dir:groot(Config, Args),
    cluster:await_connected(Groot, [Peer]),
    Groot.

%% A lifetime of one second, and what a node may be wrong about when it was last there.
tombstones_end() ->
    await:holds(fun() -> true end, 2_500).
