%% With --data-dir: what outlives the node, whatever happens to it, to the cluster and to the disk.
-module(durable_SUITE).

-export([all/0, suite/0, init_per_testcase/2, end_per_testcase/2]).
-export([
    registers_outlive_the_node/1,
    without_a_directory_nothing_does/1,
    delete_all_outlives_the_node/1,
    cluster_restarts_from_nothing/1,
    missed_writes_win_after_a_restart/1,
    expiry_while_the_node_is_away/1,
    delete_that_nobody_of_ours_saw/1,
    killed_in_a_write_storm_sync/1,
    killed_in_a_write_storm_async/1,
    every_way_to_write_waits_for_the_disk/1,
    away_for_too_long/1,
    away_for_too_long_and_alone/1,
    away_for_too_long_among_nodes_of_ours/1,
    all_memory_but_ours_is_lost/1,
    all_memory_but_ours_is_lost_among_nodes_of_ours/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(KILLS, 20).
-define(WRITERS, 4).

suite() -> [{timetrap, {seconds, 240}}].

all() ->
    [
        registers_outlive_the_node,
        without_a_directory_nothing_does,
        delete_all_outlives_the_node,
        cluster_restarts_from_nothing,
        missed_writes_win_after_a_restart,
        expiry_while_the_node_is_away,
        delete_that_nobody_of_ours_saw,
        killed_in_a_write_storm_sync,
        killed_in_a_write_storm_async,
        every_way_to_write_waits_for_the_disk,
        away_for_too_long,
        away_for_too_long_and_alone,
        away_for_too_long_among_nodes_of_ours,
        all_memory_but_ours_is_lost,
        all_memory_but_ours_is_lost_among_nodes_of_ours
    ].

init_per_testcase(Case, Config) -> data_dir:start(Case, Config).

end_per_testcase(_Case, _Config) -> data_dir:stop().

%% ------------------------------------------------------------------ restarts

registers_outlive_the_node(Config) ->
    Groot = data_dir:groot(Config),
    Value = #{any => {"term", 1.5}, pid => self()},
    ok = groot_api:set(Groot, value, Value),
    ok = groot_api:set(Groot, "a list", 1),
    ok = groot_api:set(Groot, deleted, 2),
    ok = groot_api:delete(Groot, deleted),
    ok = groot_api:set(Groot, brief, 3, 1_000),
    ok = groot_api:set(Groot, long, 4, 3_600_000),
    Before = groot_api:registers(Groot),
    0 = cluster:stop_groot(Groot),
    Groot = data_dir:groot(Config),
    [Value, 1, nil, 4] = [groot_api:get(Groot, Key) || Key <- [value, "a list", deleted, long]],
    Same = fun(Registers) -> maps:without([brief], Registers) end,
    true = Same(Before) =:= Same(groot_api:registers(Groot)),
    await:equal(nil, fun() -> groot_api:get(Groot, brief) end),
    cluster:kill_groot(Groot),
    Groot = data_dir:groot(Config),
    [Value, nil, nil] = [groot_api:get(Groot, Key) || Key <- [value, brief, deleted]],
    %% Above all that is stored.
    Highest = lists:max([stamp(Reg) || Reg <- maps:values(groot_api:registers(Groot))]),
    ok = groot_api:set(Groot, next, 1),
    true = stamp(maps:get(next, groot_api:registers(Groot))) > Highest,
    ok.

without_a_directory_nothing_does(_Config) ->
    Groot = cluster:groot(groot, []),
    ok = groot_api:set(Groot, value, 1),
    0 = cluster:stop_groot(Groot),
    Groot = cluster:groot(groot, []),
    nil = groot_api:get(Groot, value),
    ok.

delete_all_outlives_the_node(Config) ->
    Groot = data_dir:groot(Config, ["--durability", "sync"]),
    [ok = groot_api:set(Groot, Key, Key) || Key <- [a, b, c]],
    ok = groot_api:gen_call(Groot, delete_all),
    ok = groot_api:set(Groot, after_it, 1),
    cluster:kill_groot(Groot),
    Groot = data_dir:groot(Config),
    [after_it] = maps:keys(groot_api:registers(Groot)),
    ok.

cluster_restarts_from_nothing(Config) ->
    [A, B] = cluster:peers([{a, v0_1}, {b, cluster:preferably(with_delete)}]),
    true = cluster:call(A, net_kernel, connect_node, [B]),
    Groot = data_dir:groot(Config, ["--connect", atom_to_list(A)]),
    cluster:await_connected(Groot, [A, B]),
    ok = groot_api:set(A, of_stock, 1),
    ok = groot_api:set(Groot, of_ours, 2),
    groot_api:await_value([A, B, Groot], of_stock, 1),
    groot_api:await_value([A, B, Groot], of_ours, 2),
    0 = cluster:stop_groot(Groot),
    [cluster:stop_peer(Peer) || Peer <- [A, B]],
    [A, B] = cluster:peers([{a, v0_1}, {b, cluster:preferably(with_delete)}]),
    true = cluster:call(A, net_kernel, connect_node, [B]),
    [nil, nil] = [groot_api:get(A, Key) || Key <- [of_stock, of_ours]],
    Groot = data_dir:groot(Config, ["--connect", atom_to_list(A)]),
    [1, 2] = [groot_api:get(Groot, Key) || Key <- [of_stock, of_ours]],
    groot_api:await_value([A, B], of_stock, 1),
    groot_api:await_value([A, B], of_ours, 2).

missed_writes_win_after_a_restart(Config) ->
    A = cluster:peer(a, cluster:preferably(with_delete)),
    Groot = data_dir:groot(Config, ["--connect", atom_to_list(A)]),
    cluster:await_connected(Groot, [A]),
    ok = groot_api:set(Groot, both, old),
    groot_api:await_value([A], both, old),
    0 = cluster:stop_groot(Groot),
    ok = groot_api:set(A, both, new),
    Groot = data_dir:groot(Config, ["--connect", atom_to_list(A)]),
    groot_api:await_value([A, Groot], both, new).

%% The stock node goes on showing it: nobody there keeps a deadline.
expiry_while_the_node_is_away(Config) ->
    A = cluster:peer(a, cluster:preferably(with_delete)),
    Args = ["--connect", atom_to_list(A)],
    Groot = data_dir:groot(Config, Args),
    cluster:await_connected(Groot, [A]),
    Start = erlang:monotonic_time(millisecond),
    ok = groot_api:set(Groot, brief, 1, 2_000),
    ok = groot_api:set(Groot, kept, 1, 3_600_000),
    [groot_api:await_value([A], Key, 1, 1_500) || Key <- [brief, kept]],
    0 = cluster:stop_groot(Groot),
    await:true(fun() -> erlang:monotonic_time(millisecond) > Start + 2_500 end),
    1 = groot_api:get(A, brief),
    Groot = data_dir:groot(Config, Args),
    nil = groot_api:get(Groot, brief),
    groot_api:await_value([A], brief, nil, 20_000),
    [1, 1] = [groot_api:get(Node, kept) || Node <- [A, Groot]],
    nil = groot_api:get(Groot, brief),
    ok.

%% Stock keeps no trace of it, so what is on the disk is taken for lost there: a limit, and no wish.
delete_that_nobody_of_ours_saw(Config) ->
    {A, Args} = forgotten_meanwhile(Config, []),
    Groot = data_dir:groot(Config, Args),
    groot_api:await_value([A, Groot], deleted, 1, 20_000).

%% ------------------------------------------------------------------ kill -9

killed_in_a_write_storm_sync(Config) ->
    Args = ["--durability", "sync"],
    lists:foldl(
        fun(Round, Groot) ->
            {Acked, _Killed} = storm(Groot, Round),
            Again = data_dir:groot(Config, Args),
            [] = lost(Again, Round, Acked),
            Again
        end,
        data_dir:groot(Config, Args),
        lists:seq(1, ?KILLS)
    ),
    ok.

%% How old the oldest write was that each kill took. 50 ms is what this machine must keep to when it
%% is not busy with others: most of the time.
killed_in_a_write_storm_async(Config) ->
    {_, Ages} = lists:foldl(
        fun(Round, {Groot, Ages}) ->
            {Acked, Killed} = storm(Groot, Round),
            Again = data_dir:groot(Config),
            Lost = lost(Again, Round, Acked),
            {Again, [lists:max([0 | [Killed - At || {_, _, At} <- Lost]]) | Ages]}
        end,
        {data_dir:groot(Config), []},
        lists:seq(1, ?KILLS)
    ),
    ct:pal("oldest write lost by each kill, ms: ~p", [Ages]),
    Sorted = lists:sort(Ages),
    true = lists:nth(?KILLS div 2, Sorted) =< 50,
    true = lists:last(Sorted) =< 1_000,
    ok.

%% ?WRITERS processes write, each one key after the other, until the node is killed: what was
%% acknowledged, as {Writer, Number, Ms}, and when it was killed.
storm(Groot, Round) ->
    OsPid = os_program:os_pid(cluster:program(Groot)),
    Target = 50 + rand:uniform(400),
    Result = cluster:on(
        cluster:console(),
        fun() ->
            Self = self(),
            [spawn(fun() -> write({?STORAGE, Groot}, Self, Round, W, 1) end) || W <- lists:seq(1, ?WRITERS)],
            First = [receive {acked, _, _, _} = Each -> Each end || _ <- lists:seq(1, Target)],
            Killed = erlang:monotonic_time(millisecond),
            [] = os:cmd("kill -9 " ++ integer_to_list(OsPid)),
            {[{W, N, At} || {acked, W, N, At} <- First ++ rest(?WRITERS)], Killed}
        end,
        60_000
    ),
    137 = os_program:await_exit(cluster:program(Groot), 5_000),
    cluster:forget(Groot),
    Result.

write(To, Self, Round, Writer, Number) ->
    try gen_server:call(To, {set, {Round, Writer, Number}, Number}, 20_000) of
        ok ->
            Self ! {acked, Writer, Number, erlang:monotonic_time(millisecond)},
            write(To, Self, Round, Writer, Number + 1)
    catch
        exit:_ -> Self ! ended
    end.

rest(0) -> [];
rest(Writers) ->
    receive
        ended -> rest(Writers - 1);
        {acked, _, _, _} = Each -> [Each | rest(Writers)]
    end.

lost(Groot, Round, Acked) ->
    Registers = groot_api:registers(Groot),
    [Each || {Writer, Number, _} = Each <- Acked, not is_map_key({Round, Writer, Number}, Registers)].

every_way_to_write_waits_for_the_disk(Config) ->
    Groot = data_dir:groot(Config, ["--durability", "sync"]),
    ok = groot_api:set(Groot, by_rpc, 1),
    ok = groot_api:set(Groot, by_rpc_brief, 1, 3_600_000),
    ok = groot_api:gen_call(Groot, {set, by_call, 2}),
    ok = groot_api:gen_call(Groot, {set, by_call_brief, 2, 3_600_000}),
    [ok = groot_api:set(Groot, Key, 1) || Key <- [deleted_by_rpc, deleted_by_call]],
    ok = groot_api:delete(Groot, deleted_by_rpc),
    ok = groot_api:gen_call(Groot, {delete, deleted_by_call}),
    {error, {bad_expiry, _}} = groot_api:gen_call(Groot, {set, refused, 1, -1}),
    sync = data_dir:saving(Groot),
    cluster:kill_groot(Groot),
    Groot = data_dir:groot(Config),
    [1, 1, 2, 2] = [groot_api:get(Groot, Key) || Key <- [by_rpc, by_rpc_brief, by_call, by_call_brief]],
    [nil, nil] = [groot_api:get(Groot, Key) || Key <- [deleted_by_rpc, deleted_by_call]],
    ok.

%% ------------------------------------------------------------------ away for longer than tombstones live

%% The only key there was is deleted while the node is away: with its tombstone, the last trace of it
%% is gone.
away_for_too_long(Config) ->
    {A, Args} = forgotten_meanwhile(Config, ["--tombstone-ttl", "1"]),
    tombstones_end(),
    Groot = data_dir:groot(Config, Args),
    os_program:await_line(cluster:program(Groot), "1 registers dropped", 20_000),
    nil = groot_api:get(Groot, deleted),
    nil = groot_api:get(A, deleted),
    0 = cluster:stop_groot(Groot),
    Groot = data_dir:groot(Config),
    nil = groot_api:get(Groot, deleted),
    ok.

away_for_too_long_and_alone(Config) ->
    Groot = data_dir:groot(Config, ["--tombstone-ttl", "1"]),
    ok = groot_api:set(Groot, kept, 1),
    0 = cluster:stop_groot(Groot),
    tombstones_end(),
    Groot = data_dir:groot(Config, ["--tombstone-ttl", "1"]),
    os_program:await_line(cluster:program(Groot), "away for longer", 1_000),
    1 = groot_api:get(Groot, kept),
    ok.

away_for_too_long_among_nodes_of_ours(Config) ->
    Other = cluster:groot(other, ["--tombstone-ttl", "1"]),
    Args = ["--tombstone-ttl", "1", "--connect", atom_to_list(Other)],
    Groot = data_dir:groot(Config, Args),
    [ok = groot_api:set(Groot, Key, 1) || Key <- [deleted, kept]],
    groot_api:await_value([Other], deleted, 1),
    groot_api:await_value([Other], kept, 1),
    0 = cluster:stop_groot(Groot),
    ok = groot_api:delete(Other, deleted),
    await:equal([kept], fun() -> maps:keys(groot_api:registers(Other)) end),
    ok = groot_api:set(Other, written, 2),
    tombstones_end(),
    Groot = data_dir:groot(Config, Args),
    os_program:await_line(cluster:program(Groot), "1 registers dropped", 20_000),
    [[kept, written], [kept, written]] = [lists:sort(maps:keys(groot_api:registers(Node))) || Node <- [Groot, Other]],
    ok.

%% Every Elixir node is younger than the absence: what is on the disk is all there is.
all_memory_but_ours_is_lost(Config) ->
    Groot = data_dir:groot(Config, ["--tombstone-ttl", "1"]),
    ok = groot_api:set(Groot, kept, 1),
    0 = cluster:stop_groot(Groot),
    tombstones_end(),
    A = cluster:peer(a, v0_1),
    ok = groot_api:set(A, fresh, 2),
    Groot = data_dir:groot(Config, ["--tombstone-ttl", "1", "--connect", atom_to_list(A)]),
    1 = groot_api:get(Groot, kept),
    groot_api:await_value([A], kept, 1, 30_000),
    groot_api:await_value([Groot], fresh, 2),
    os_program:await_line(cluster:program(Groot), "1 registers of that time are kept", 1_000),
    ok.

all_memory_but_ours_is_lost_among_nodes_of_ours(Config) ->
    Groot = data_dir:groot(Config, ["--tombstone-ttl", "1"]),
    ok = groot_api:set(Groot, kept, 1),
    0 = cluster:stop_groot(Groot),
    tombstones_end(),
    Others = [cluster:groot(Name, []) || Name <- [a, z]],
    [ok = groot_api:set(Other, Other, 2) || Other <- Others],
    Connect = lists:append([["--connect", atom_to_list(Other)] || Other <- Others]),
    Groot = data_dir:groot(Config, ["--tombstone-ttl", "1" | Connect]),
    1 = groot_api:get(Groot, kept),
    [groot_api:await_value([Groot], Other, 2) || Other <- Others],
    groot_api:await_value(Others, kept, 1, 30_000),
    os_program:await_line(cluster:program(Groot), "1 registers of that time are kept", 1_000),
    ok.

%% A lifetime of one second, and what a node may be wrong about when it was last there.
tombstones_end() ->
    await:holds(fun() -> true end, 2_500).

%% A key that both held, which the Elixir node forgets while ours is away: the node, and how ours was
%% started.
forgotten_meanwhile(Config, Options) ->
    A = cluster:peer(a, cluster:preferably(with_delete)),
    Args = Options ++ ["--connect", atom_to_list(A)],
    Groot = data_dir:groot(Config, Args),
    cluster:await_connected(Groot, [A]),
    ok = groot_api:set(Groot, deleted, 1),
    groot_api:await_value([A], deleted, 1),
    0 = cluster:stop_groot(Groot),
    ok = forget(A, deleted),
    {A, Args}.

%% Without a trace, on every version: what delete does where there is one.
forget(Node, Key) ->
    cluster:call(Node, gen_server, call, [?STORAGE, delete_all]),
    groot_api:await_value([Node], Key, nil).

stamp(#{hlc := #{time := Time, counter := Counter}}) -> {Time, Counter}.
