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
    written_with_a_clock_far_ahead/1,
    delete_that_nobody_of_ours_saw/1,
    killed_in_a_write_storm_sync/1,
    killed_in_a_write_storm_async/1,
    every_way_to_write_waits_for_the_disk/1
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
        written_with_a_clock_far_ahead,
        delete_that_nobody_of_ours_saw,
        killed_in_a_write_storm_sync,
        killed_in_a_write_storm_async,
        every_way_to_write_waits_for_the_disk
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

%% What such a run leaves on the disk: a register stamped a year ahead.
written_with_a_clock_far_ahead(Config) ->
    Groot = data_dir:groot(Config),
    Year = os:system_time(millisecond) + 365 * 86_400_000,
    Hlc = #{'__struct__' => 'Elixir.HLClock.Timestamp', time => Year, counter => 0, node_id => 1},
    groot_api:cast(Groot, {update_register, #{key => k, value => 1, hlc => Hlc}}),
    await:equal(1, fun() -> groot_api:get(Groot, k) end),
    0 = cluster:stop_groot(Groot),
    Groot = data_dir:groot(Config),
    os_program:await_line(cluster:program(Groot), "--restamp-future", 5_000),
    1 = groot_api:get(Groot, k),
    ok = groot_api:set(Groot, other, 2),
    #{k := #{hlc := #{time := Year}}, other := #{hlc := #{time := Now}}} = groot_api:registers(Groot),
    true = Now < Year - 364 * 86_400_000,
    0 = cluster:stop_groot(Groot),
    Groot = data_dir:groot(Config, ["--restamp-future"]),
    os_program:await_line(cluster:program(Groot), "have stamps of now", 5_000),
    1 = groot_api:get(Groot, k),
    0 = cluster:stop_groot(Groot),
    %% For good.
    Groot = data_dir:groot(Config),
    #{k := #{hlc := #{time := Restamped}}} = groot_api:registers(Groot),
    true = abs(Restamped - os:system_time(millisecond)) < 300_000,
    ok.

%% Stock keeps no trace of it, so what is on the disk is taken for lost there: a limit, and no wish.
delete_that_nobody_of_ours_saw(Config) ->
    {A, Args} = forgotten_meanwhile(Config),
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

%% A key that both held, which the Elixir node forgets while ours is away: the node, and how ours was
%% started.
forgotten_meanwhile(Config) ->
    A = cluster:peer(a, cluster:preferably(with_delete)),
    Args = ["--connect", atom_to_list(A)],
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
