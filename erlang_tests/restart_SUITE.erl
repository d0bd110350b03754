%% Anything of the cluster dies and comes back: a peer, its storage process, epmd, the node itself.
-module(restart_SUITE).

-export([all/0, suite/0, init_per_testcase/2, end_per_testcase/2]).
-export([
    storage_process_gets_its_data_back/1,
    storage_process_dies_again_and_again/1,
    peer_restarts/1,
    peer_is_killed/1,
    configured_peer_that_starts_late/1,
    groot_starts_late_on_a_peer/1,
    node_restarts/1,
    node_is_killed/1,
    node_is_replaced_while_its_link_looks_alive/1,
    both_restart_and_nothing_is_left/1,
    epmd_restarts/1,
    name_is_taken_while_epmd_is_away/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').

suite() -> [{timetrap, {seconds, 90}}].

all() ->
    [
        storage_process_gets_its_data_back,
        storage_process_dies_again_and_again,
        peer_restarts,
        peer_is_killed,
        configured_peer_that_starts_late,
        groot_starts_late_on_a_peer,
        node_restarts,
        node_is_killed,
        node_is_replaced_while_its_link_looks_alive,
        both_restart_and_nothing_is_left,
        epmd_restarts,
        name_is_taken_while_epmd_is_away
    ].

%% One stock peer, so that nobody else can give back what it lost; the console knows nobody.
init_per_testcase(_Case, Config) ->
    cluster:start(Config),
    [A, Console] = cluster:peers([{a, cluster:preferably(with_delete)}, {console, no_groot}]),
    cluster:set_console(Console),
    [{a, A}, {console, Console} | Config].

end_per_testcase(_Case, _Config) ->
    Verdict = cluster:verdict(),
    cluster:stop(),
    Verdict.

storage_process_gets_its_data_back(Config) ->
    [A, Groot] = joined(Config),
    ok = groot_api:set(A, of_stock, 1),
    ok = groot_api:set(Groot, of_ours, 2),
    ok = groot_api:set(Groot, deleted, 3),
    ok = groot_api:delete(Groot, deleted),
    groot_api:await_value([A, Groot], of_stock, 1),
    groot_api:await_value([A, Groot], of_ours, 2),
    cluster:kill_storage(A),
    groot_api:await_value([A], of_stock, 1, 5_000),
    groot_api:await_value([A], of_ours, 2, 5_000),
    [1, 2, nil] = [groot_api:get(Groot, Key) || Key <- [of_stock, of_ours, deleted]],
    nil = groot_api:get(A, deleted),
    ok.

storage_process_dies_again_and_again(Config) ->
    [A, Groot] = joined(Config),
    [
        begin
            ok = groot_api:set(Groot, {life, N}, N),
            groot_api:await_value([A], {life, N}, N, 5_000),
            cluster:kill_storage(A)
        end
     || N <- lists:seq(1, 3)
    ],
    [groot_api:await_value([A, Groot], {life, N}, N, 5_000) || N <- lists:seq(1, 3)],
    ok.

peer_restarts(Config) -> peer_returns(Config, fun cluster:stop_peer/1).

peer_is_killed(Config) ->
    peer_returns(Config, fun(A) ->
        [] = os:cmd("kill -9 " ++ cluster:call(A, os, getpid, [])),
        cluster:stop_peer(A)
    end).

peer_returns(Config, Stop) ->
    [A, Groot] = joined(Config),
    ok = groot_api:set(A, of_stock, 1),
    ok = groot_api:set(Groot, of_ours, 2),
    groot_api:await_value([Groot], of_stock, 1),
    Stop(A),
    ok = groot_api:set(Groot, meanwhile, 3),
    [1, 2, 3] = [groot_api:get(Groot, Key) || Key <- [of_stock, of_ours, meanwhile]],
    A = cluster:peer(a, cluster:preferably(with_delete)),
    %% It is back in epmd; the node finds it by itself.
    [groot_api:await_value([A], Key, Value, 30_000)
     || {Key, Value} <- [{of_stock, 1}, {of_ours, 2}, {meanwhile, 3}]],
    ok = groot_api:set(A, again, 4),
    groot_api:await_value([Groot], again, 4).

configured_peer_that_starts_late(_Config) ->
    Groot = cluster:groot(groot, ["--connect", "late@127.0.0.1"]),
    ok = groot_api:set(Groot, early, 1),
    Late = cluster:peer(late, v0_1),
    groot_api:await_value([Late], early, 1, 30_000).

%% The link is there before Groot is.
groot_starts_late_on_a_peer(_Config) ->
    Late = cluster:peer(late, cluster:preferably(with_delete)),
    cluster:call(Late, application, stop, [groot]),
    cluster:forgive(Late, "."),
    Groot = cluster:groot(groot, ["--connect", atom_to_list(Late)]),
    cluster:await_connected(Groot, [Late]),
    ok = groot_api:set(Groot, waiting, 1),
    ok = cluster:call(Late, application, start, [groot]),
    cluster:storage_replaced(Late),
    groot_api:await_value([Late], waiting, 1, 25_000),
    ok = groot_api:set(Late, speaking, 2),
    groot_api:await_value([Groot], speaking, 2, 25_000).

node_restarts(Config) ->
    node_returns(Config, fun(Groot) -> 0 = cluster:stop_groot(Groot) end).

node_is_killed(Config) -> node_returns(Config, fun cluster:kill_groot/1).

node_returns(Config, Stop) ->
    [A, Groot] = joined(Config),
    ok = groot_api:set(Groot, of_ours, 1),
    ok = groot_api:set(Groot, deleted, 2),
    groot_api:await_value([A], deleted, 2),
    ok = groot_api:delete(Groot, deleted),
    groot_api:await_value([A], of_ours, 1),
    groot_api:await_value([A], deleted, nil),
    Stop(Groot),
    ok = groot_api:set(A, meanwhile, 3),
    %% At once, under the same name: the peer may not have noticed yet that the old one is gone.
    [A, Groot] = joined(Config),
    groot_api:await_value([Groot], of_ours, 1, 5_000),
    groot_api:await_value([Groot], meanwhile, 3, 5_000),
    nil = groot_api:get(Groot, deleted),
    ok = groot_api:set(Groot, again, 4),
    groot_api:await_value([A], again, 4, 5_000).

%% The old incarnation stands still with its links open, as after a cut cable: a peer takes the new
%% one for the old until the two have settled that (`alive`).
node_is_replaced_while_its_link_looks_alive(Config) ->
    [A, Groot] = joined(Config),
    ok = groot_api:set(Groot, before, 1),
    groot_api:await_value([A], before, 1),
    Old = cluster:program(Groot),
    os_program:signal(Old, "STOP"),
    cluster:forget(Groot),
    %% epmd forgets the name only because it restarts.
    cluster:stop_epmd(),
    cluster:start_epmd(),
    await:true(fun() -> is_map_key("a", cluster:registered_names()) end),
    true = lists:member(Groot, cluster:call(A, erlang, nodes, [hidden])),
    [A, Groot] = joined(Config),
    %% The console still holds the old link for alive, as any BEAM does until its net_ticktime is over.
    cluster:set_console(A),
    groot_api:await_value([Groot], before, 1, 5_000),
    ok = groot_api:set(Groot, afterwards, 2),
    groot_api:await_value([A], afterwards, 2, 5_000),
    os_program:kill(Old),
    pong = cluster:call(A, net_adm, ping, [Groot]),
    ok.

both_restart_and_nothing_is_left(Config) ->
    [A, Groot] = joined(Config),
    ok = groot_api:set(Groot, forgotten, 1),
    groot_api:await_value([A], forgotten, 1),
    0 = cluster:stop_groot(Groot),
    cluster:stop_peer(A),
    A = cluster:peer(a, v0_1),
    [A, Groot] = joined(Config),
    ok = groot_api:set(A, fresh, 1),
    groot_api:await_value([Groot], fresh, 1),
    nil = groot_api:get(Groot, forgotten),
    ok.

epmd_restarts(Config) ->
    [A, Groot] = joined(Config),
    pong = cluster:call(cluster:console(), net_adm, ping, [Groot]),
    Port = epmd_client:port_of(cluster:epmd_port(), "groot"),
    cluster:stop_epmd(),
    ok = groot_api:set(A, without_epmd, 1),
    groot_api:await_value([Groot], without_epmd, 1),
    cluster:start_epmd(),
    await:true(fun() -> is_map_key("groot", cluster:registered_names()) end, 10_000),
    Port = epmd_client:port_of(cluster:epmd_port(), "groot"),
    New = cluster:peer(new, v0_1, ["-connect_all", "false"]),
    pong = cluster:call(New, net_adm, ping, [Groot]),
    groot_api:await_value([New], without_epmd, 1).

%% It asks for its name until it gets it, and goes on serving the links it has.
name_is_taken_while_epmd_is_away(Config) ->
    [A, Groot] = joined(Config),
    pong = cluster:call(cluster:console(), net_adm, ping, [Groot]),
    Port = epmd_client:port_of(cluster:epmd_port(), "groot"),
    cluster:stop_epmd(),
    cluster:start_epmd(),
    case epmd_client:register(cluster:epmd_port(), "groot", 1) of
        {ok, Socket} ->
            %% The node tries every two seconds; after this long it has been refused.
            await:holds(fun() -> epmd_client:port_of(cluster:epmd_port(), "groot") =:= 1 end, 3_000),
            ok = groot_api:set(A, still_here, 1),
            groot_api:await_value([Groot], still_here, 1),
            ok = gen_tcp:close(Socket),
            await:equal(Port, fun() -> maps:get("groot", cluster:registered_names(), none) end, 10_000);
        {error, taken} ->
            {skip, "the node was faster"}
    end.

%% ------------------------------------------------------------------ helpers

joined(Config) ->
    A = proplists:get_value(a, Config),
    Groot = cluster:groot(groot, ["--connect", atom_to_list(A)]),
    cluster:await_connected(Groot, [A]),
    [A, Groot].
