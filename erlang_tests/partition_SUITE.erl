%% Links are cut, both sides go on writing, and meet again. A cut is a peer that drops the link and
%% takes another cookie for us, so that it refuses every attempt until it is healed.
-module(partition_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([init_per_testcase/2, end_per_testcase/2]).
-export([
    both_sides_meet/1,
    later_write_of_either_side_wins/1,
    delete_made_during_the_cut/1,
    stock_write_after_our_delete/1,
    delete_on_stock_during_the_cut/1,
    loss_on_stock_during_the_cut/1,
    expiry_during_the_cut/1,
    one_link_of_two/1,
    two_islands_joined_by_us/1,
    flapping/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').
%% Longer than the longest time between two synchronisations.
-define(SYNCHRONISED_MS, 25_000).

suite() -> [{timetrap, {seconds, 90}}].

all() ->
    [
        both_sides_meet,
        later_write_of_either_side_wins,
        delete_made_during_the_cut,
        stock_write_after_our_delete,
        delete_on_stock_during_the_cut,
        loss_on_stock_during_the_cut,
        expiry_during_the_cut,
        one_link_of_two,
        two_islands_joined_by_us,
        flapping
    ].

%% The console knows nobody but the node under test, which it reaches while the others are cut off.
init_per_suite(Config) ->
    Started = cluster:start_pair(Config, #{}),
    Console = cluster:peer(console, no_groot, ["-connect_all", "false"]),
    cluster:set_console(Console),
    [{console, Console} | Started].

end_per_suite(_Config) -> cluster:stop().

init_per_testcase(delete_on_stock_during_the_cut, Config) ->
    case cluster:available(with_delete) of
        true -> with_groot(Config);
        false -> {skip, "the real Groot has no delete"}
    end;
init_per_testcase(_Case, Config) ->
    with_groot(Config).

with_groot(Config) ->
    Groot = cluster:groot(groot, ["--connect", atom_to_list(a(Config))]),
    cluster:await_connected(Groot, [a(Config), b(Config)]),
    [{groot, Groot} | Config].

end_per_testcase(_Case, Config) ->
    [allow(Peer, groot(Config)) || Peer <- [a(Config), b(Config)]],
    cluster:tidy([a(Config), b(Config), proplists:get_value(console, Config)]).

both_sides_meet(Config) ->
    [A, B, Groot] = nodes_of(Config),
    cut([A, B], Groot),
    ok = groot_api:set(A, of_stock, 1),
    ok = groot_api:set(Groot, of_ours, 2),
    groot_api:await_value([B], of_stock, 1),
    nil = groot_api:get(Groot, of_stock),
    nil = groot_api:get(A, of_ours),
    %% Nobody tells the node that the way is free: it tries by itself.
    [allow(Peer, Groot) || Peer <- [A, B]],
    [
        await:true(fun() -> lists:member(Groot, cluster:call(Peer, erlang, nodes, [hidden])) end, 30_000)
     || Peer <- [A, B]
    ],
    groot_api:await_value([A, B, Groot], of_stock, 1),
    groot_api:await_value([A, B, Groot], of_ours, 2).

later_write_of_either_side_wins(Config) ->
    [A, B, Groot] = nodes_of(Config),
    cut([A, B], Groot),
    ok = groot_api:set(A, ours_is_later, stock),
    ok = groot_api:set(Groot, stock_is_later, ours),
    a_later_millisecond(),
    ok = groot_api:set(Groot, ours_is_later, ours),
    ok = groot_api:set(A, stock_is_later, stock),
    heal([A, B], Groot),
    groot_api:await_value([A, B, Groot], ours_is_later, ours),
    groot_api:await_value([A, B, Groot], stock_is_later, stock).

delete_made_during_the_cut(Config) ->
    [A, B, Groot] = nodes_of(Config),
    ok = groot_api:set(A, doomed, 1),
    groot_api:await_value([B, Groot], doomed, 1),
    cut([A, B], Groot),
    ok = groot_api:delete(Groot, doomed),
    1 = groot_api:get(A, doomed),
    heal([A, B], Groot),
    groot_api:await_value([A, B, Groot], doomed, nil),
    %% Also after stock's own full states have gone round.
    [cluster:call(Peer, erlang, send, [?STORAGE, sync_timeout]) || Peer <- [A, B]],
    await:holds(
        fun() -> [nil, nil, nil] =:= [groot_api:get(Node, doomed) || Node <- [A, B, Groot]] end, 500
    ).

stock_write_after_our_delete(Config) ->
    [A, B, Groot] = nodes_of(Config),
    ok = groot_api:set(A, fought_over, 1),
    groot_api:await_value([B, Groot], fought_over, 1),
    cut([A, B], Groot),
    ok = groot_api:delete(Groot, fought_over),
    a_later_millisecond(),
    ok = groot_api:set(A, fought_over, 2),
    heal([A, B], Groot),
    groot_api:await_value([A, B, Groot], fought_over, 2).

%% The same storage process that has shown the key shows it no longer: a delete that we missed.
delete_on_stock_during_the_cut(Config) ->
    [A, B, Groot] = nodes_of(Config),
    Lone = lone_peer(with_delete, Groot),
    ok = groot_api:set(Lone, missed, 1),
    groot_api:await_value([Groot, A, B], missed, 1, ?SYNCHRONISED_MS),
    full_state_seen(Lone, Groot),
    cut([Lone], Groot),
    ok = groot_api:delete(Lone, missed),
    ok = groot_api:set(Groot, made_meanwhile, 1),
    heal([Lone], Groot),
    groot_api:await_value([Groot, A, B, Lone], missed, nil, ?SYNCHRONISED_MS),
    %% What it has never shown is merely lacking there.
    groot_api:await_value([Groot, A, B, Lone], made_meanwhile, 1, ?SYNCHRONISED_MS).

%% A storage process with a new pid has lost its data, and deleted nothing.
loss_on_stock_during_the_cut(Config) ->
    [A, B, Groot] = nodes_of(Config),
    Lone = lone_peer(cluster:preferably(with_delete), Groot),
    ok = groot_api:set(Lone, lost, 1),
    groot_api:await_value([Groot, A, B], lost, 1, ?SYNCHRONISED_MS),
    full_state_seen(Lone, Groot),
    cut([Lone], Groot),
    cluster:kill_storage(Lone),
    nil = groot_api:get(Lone, lost),
    heal([Lone], Groot),
    groot_api:await_value([Lone], lost, 1, ?SYNCHRONISED_MS),
    [1, 1, 1] = [groot_api:get(Node, lost) || Node <- [Groot, A, B]],
    ok.

expiry_during_the_cut(Config) ->
    [A, B, Groot] = nodes_of(Config),
    ok = groot_api:set(Groot, brief, 1, 1_000),
    groot_api:await_value([A, B], brief, 1),
    cut([A, B], Groot),
    groot_api:await_value([Groot], brief, nil, 3_000),
    [1, 1] = [groot_api:get(Peer, brief) || Peer <- [A, B]],
    heal([A, B], Groot),
    groot_api:await_value([A, B, Groot], brief, nil).

%% Cut off from a, we hear its writes through b's next full state, and it hears ours.
one_link_of_two(Config) ->
    [A, B, Groot] = nodes_of(Config),
    cut([A], Groot),
    ok = groot_api:set(A, roundabout, 1),
    groot_api:await_value([Groot], roundabout, 1),
    ok = groot_api:set(Groot, back, 2),
    groot_api:await_value([B], back, 2),
    cluster:call(B, erlang, send, [?STORAGE, sync_timeout]),
    groot_api:await_value([A], back, 2),
    heal([A], Groot),
    ok = groot_api:set(Groot, direct, 3),
    groot_api:await_value([A], direct, 3).

two_islands_joined_by_us(Config) ->
    [A, B, Groot] = nodes_of(Config),
    Lone = lone_peer(v0_1, Groot),
    cut([Lone], Groot),
    ok = groot_api:set(Lone, of_the_island, 1),
    ok = groot_api:set(A, of_the_mainland, 2),
    heal([Lone], Groot),
    groot_api:await_value([A, B, Groot, Lone], of_the_island, 1, ?SYNCHRONISED_MS),
    groot_api:await_value([A, B, Groot, Lone], of_the_mainland, 2, ?SYNCHRONISED_MS).

flapping(Config) ->
    [A, B, Groot] = nodes_of(Config),
    [
        begin
            cut([A], Groot),
            ok = groot_api:set(A, {flap, stock, N}, N),
            ok = groot_api:set(Groot, {flap, ours, N}, N),
            heal([A], Groot)
        end
     || N <- lists:seq(1, 8)
    ],
    [
        groot_api:await_value([A, B, Groot], {flap, Side, N}, N, ?SYNCHRONISED_MS)
     || Side <- [stock, ours], N <- lists:seq(1, 8)
    ],
    ok.

%% ------------------------------------------------------------------ helpers

a(Config) -> proplists:get_value(a, Config).

b(Config) -> proplists:get_value(b, Config).

groot(Config) -> proplists:get_value(groot, Config).

nodes_of(Config) -> [a(Config), b(Config), groot(Config)].

%% A stock peer that knows no other one.
lone_peer(Version, Groot) ->
    Lone = cluster:peer(lone, Version, ["-connect_all", "false"]),
    pong = cluster:call(Lone, net_adm, ping, [Groot]),
    Lone.

cut(Peers, Groot) ->
    [
        begin
            cluster:forgive(Peer, "groot@"),
            true = cluster:call(Peer, erlang, set_cookie, [Groot, of_another_cluster]),
            true = cluster:call(Peer, erlang, disconnect_node, [Groot])
        end
     || Peer <- Peers
    ],
    Gone = fun() -> [P || P <- groot_api:call(Groot, erlang, nodes, [connected]), lists:member(P, Peers)] end,
    await:equal([], Gone).

heal(Peers, Groot) ->
    [
        begin
            allow(Peer, Groot),
            await:equal(pong, fun() -> cluster:call(Peer, net_adm, ping, [Groot]) end)
        end
     || Peer <- Peers
    ],
    ok.

allow(Peer, Groot) ->
    true = cluster:call(Peer, erlang, set_cookie, [Groot, list_to_atom(cluster:cookie())]).

%% Two writes on either side of this have stamps in that order, whoever makes them.
a_later_millisecond() ->
    Now = os:system_time(millisecond),
    await:true(fun() -> os:system_time(millisecond) > Now + 1 end).

%% After this the node has merged a full state that Peer sent now: it has been shown all there is.
full_state_seen(Peer, Groot) ->
    Marker = {marker, make_ref()},
    ok = groot_api:set(Peer, Marker, 1),
    cluster:call(Peer, erlang, send, [?STORAGE, {nodeup, Groot}]),
    groot_api:await_value([Groot], Marker, 1).
