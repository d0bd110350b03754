%% Writes on either side are readable on the other, whatever they are.
-module(replicate_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([init_per_testcase/2, end_per_testcase/2]).
-export([
    set_travels_both_ways/1,
    later_write_wins_on_either_side/1,
    overwrites_a_value_it_has_just_received/1,
    what_was_there_before_the_link/1,
    thousands_of_registers/1,
    delete_reads_nil_everywhere/1,
    delete_beats_the_older_write_of_a_full_state/1,
    set_after_delete/1,
    expiry_everywhere/1,
    newer_set_voids_the_deadline/1,
    expiry_travels_through_a_stock_node/1,
    tombstone_travels_through_a_stock_node/1,
    refused_expiries_change_nothing/1,
    future_register_is_merged_and_reported/1,
    local_write_beats_a_future_register/1,
    clock_follows_within_the_bound/1,
    register_at_the_end_of_time_is_refused/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').

suite() -> [{timetrap, {seconds, 60}}].

all() ->
    [
        set_travels_both_ways,
        later_write_wins_on_either_side,
        overwrites_a_value_it_has_just_received,
        what_was_there_before_the_link,
        thousands_of_registers,
        delete_reads_nil_everywhere,
        delete_beats_the_older_write_of_a_full_state,
        set_after_delete,
        expiry_everywhere,
        newer_set_voids_the_deadline,
        expiry_travels_through_a_stock_node,
        tombstone_travels_through_a_stock_node,
        refused_expiries_change_nothing,
        future_register_is_merged_and_reported,
        local_write_beats_a_future_register,
        clock_follows_within_the_bound,
        register_at_the_end_of_time_is_refused
    ].

init_per_suite(Config) -> cluster:start_pair(Config, #{}).

end_per_suite(_Config) -> cluster:stop().

init_per_testcase(_Case, Config) ->
    [A, B] = [a(Config), b(Config)],
    {_, []} = cluster:call(A, gen_server, multi_call, [[A, B], ?STORAGE, delete_all]),
    Groot = cluster:groot(groot, ["--connect", atom_to_list(A), "--max-value-size", "67108864"]),
    cluster:await_connected(Groot, [A, B]),
    [{groot, Groot} | Config].

end_per_testcase(_Case, Config) ->
    cluster:tidy([a(Config), b(Config)]).

set_travels_both_ways(Config) ->
    [A, B, Groot] = All = all_nodes(Config),
    ok = groot_api:set(A, from_a, <<"a">>),
    ok = groot_api:set(B, from_b, <<"b">>),
    ok = groot_api:set(Groot, from_groot, <<"g">>),
    <<"g">> = groot_api:get(Groot, from_groot),
    groot_api:await_value(All, from_a, <<"a">>),
    groot_api:await_value(All, from_b, <<"b">>),
    groot_api:await_value(All, from_groot, <<"g">>),
    nil = groot_api:get(Groot, never_set),
    ok.

later_write_wins_on_either_side(Config) ->
    [A, _, Groot] = All = all_nodes(Config),
    [
        begin
            ok = groot_api:set(Writer, turns, Turn),
            groot_api:await_value(All, turns, Turn)
        end
     || {Turn, Writer} <- lists:enumerate([A, Groot, Groot, A, Groot, A])
    ],
    ok.

%% The stamp of a local write is above what is held, also within one millisecond.
overwrites_a_value_it_has_just_received(Config) ->
    [A, B, Groot] = All = all_nodes(Config),
    Last = cluster:on(A, fun() ->
        [
            begin
                ok = 'Elixir.Groot':set(race, {stock, N}),
                gen_server:cast({?STORAGE, Groot}, {update_register, register_here(race)}),
                ok = gen_server:call({?STORAGE, Groot}, {set, race, {groot, N}}),
                {groot, N} = gen_server:call({?STORAGE, Groot}, {get, race}),
                N
            end
         || N <- lists:seq(1, 200)
        ]
    end),
    true = is_pid(cluster:call(B, erlang, whereis, [?STORAGE])),
    groot_api:await_value(All, race, {groot, lists:last(Last)}).

%% Runs in a stock peer.
register_here(Key) ->
    maps:get(Key, maps:get(registers, sys:get_state(?STORAGE))).

what_was_there_before_the_link(Config) ->
    [A, B, Groot] = All = all_nodes(Config),
    Alone = cluster:groot(alone),
    ok = groot_api:call_from(A, Alone, 'Elixir.Groot', set, [held_by_us, 1]),
    ok = groot_api:set(B, held_by_stock, 2),
    Late = cluster:groot(late, ["--connect", atom_to_list(A)]),
    cluster:await_connected(Late, [A, B]),
    groot_api:await_value([Late], held_by_stock, 2),
    %% The link from a to `alone` is up since the call above: what it holds is everywhere.
    groot_api:await_value([Late, Groot | All], held_by_us, 1).

thousands_of_registers(Config) ->
    [A, B, Groot] = all_nodes(Config),
    Count = 3_000,
    cluster:on(A, fun() ->
        [ok = 'Elixir.Groot':set({stock, N}, N) || N <- lists:seq(1, Count)],
        [ok = gen_server:call({?STORAGE, Groot}, {set, {ours, N}, N}) || N <- lists:seq(1, Count)],
        await:equal(2 * Count, fun() ->
            #{registers := Registers} = sys:get_state({?STORAGE, Groot}),
            map_size(Registers)
        end),
        #{registers := There} = sys:get_state({?STORAGE, Groot}),
        await:equal(There, fun() -> maps:get(registers, sys:get_state(?STORAGE)) end),
        await:equal(There, fun() -> maps:get(registers, sys:get_state({?STORAGE, B})) end)
    end),
    ok.

delete_reads_nil_everywhere(Config) ->
    [A, _, Groot] = All = all_nodes(Config),
    ok = groot_api:set(A, doomed, 1),
    groot_api:await_value(All, doomed, 1),
    ok = groot_api:delete(Groot, doomed),
    nil = groot_api:get(Groot, doomed),
    groot_api:await_value(All, doomed, nil),
    ok = groot_api:delete(Groot, never_set),
    nil = groot_api:get(Groot, never_set),
    ok.

delete_beats_the_older_write_of_a_full_state(Config) ->
    [A, _, Groot] = All = all_nodes(Config),
    ok = groot_api:set(A, doomed, 1),
    groot_api:await_value(All, doomed, 1),
    #{doomed := Old} = groot_api:registers(A),
    ok = groot_api:delete(Groot, doomed),
    groot_api:await_value(All, doomed, nil),
    groot_api:cast(Groot, {update_registers, #{doomed => Old}}),
    groot_api:cast(Groot, {update_register, Old}),
    nil = groot_api:get(Groot, doomed),
    await:holds(fun() -> groot_api:get(A, doomed) =:= nil end, 300).

set_after_delete(Config) ->
    [A, _, Groot] = All = all_nodes(Config),
    ok = groot_api:set(Groot, phoenix, 1),
    ok = groot_api:delete(Groot, phoenix),
    groot_api:await_value(All, phoenix, nil),
    ok = groot_api:set(A, phoenix, 2),
    groot_api:await_value(All, phoenix, 2).

expiry_everywhere(Config) ->
    [_, _, Groot] = All = all_nodes(Config),
    ok = groot_api:set(Groot, brief, 1, 1_000),
    groot_api:await_value(All, brief, 1, 900),
    groot_api:await_value(All, brief, nil, 3_000),
    ok = groot_api:set(Groot, at_once, 1, 0),
    nil = groot_api:get(Groot, at_once),
    groot_api:await_value(All, at_once, nil),
    ok = groot_api:set(Groot, for_ever, 1, nil),
    1 = groot_api:get(Groot, for_ever),
    ok.

newer_set_voids_the_deadline(Config) ->
    [A, _, Groot] = All = all_nodes(Config),
    ok = groot_api:set(Groot, kept_by_us, 1, 700),
    ok = groot_api:set(Groot, kept_by_us, 2),
    ok = groot_api:set(Groot, kept_by_stock, 1, 700),
    groot_api:await_value([A], kept_by_stock, 1),
    ok = groot_api:set(A, kept_by_stock, 2),
    groot_api:await_value(All, kept_by_stock, 2),
    Kept = fun() -> groot_api:get(Groot, kept_by_us) =:= 2 andalso groot_api:get(Groot, kept_by_stock) =:= 2 end,
    await:holds(Kept, 1_200),
    groot_api:await_value(All, kept_by_us, 2),
    groot_api:await_value(All, kept_by_stock, 2).

%% The node that took the write is gone before the deadline; another one, which has the register
%% from a stock node only, keeps it.
expiry_travels_through_a_stock_node(Config) ->
    [A, B, Groot] = all_nodes(Config),
    ok = groot_api:set(Groot, fleeting, 1, 3_000),
    groot_api:await_value([A, B], fleeting, 1),
    0 = cluster:stop_groot(Groot),
    Other = cluster:groot(other, ["--connect", atom_to_list(B)]),
    groot_api:await_value([Other], fleeting, 1, 2_000),
    groot_api:await_value([A, B, Other], fleeting, nil, 5_000).

tombstone_travels_through_a_stock_node(Config) ->
    [A, B, Groot] = all_nodes(Config),
    ok = groot_api:set(Groot, gone, 1),
    ok = groot_api:delete(Groot, gone),
    ok = groot_api:set(Groot, merely_nil, nil),
    groot_api:await_value([A, B], gone, nil),
    await:true(fun() -> is_map_key(gone, groot_api:registers(A)) end),
    #{gone := Tombstone} = groot_api:registers(A),
    true = map_size(Tombstone) > 3,
    Here = groot_api:registers(Groot),
    0 = cluster:stop_groot(Groot),
    Other = cluster:groot(other, ["--connect", atom_to_list(B)]),
    await:equal(Here, fun() -> groot_api:registers(Other) end).

refused_expiries_change_nothing(Config) ->
    [A, _, Groot] = all_nodes(Config),
    ok = groot_api:set(Groot, kept, 1),
    [
        begin
            {badrpc, {'EXIT', Reason}} = groot_api:set(Groot, kept, 2, Bad),
            true = is_readable(Reason, "expires_in"),
            1 = groot_api:get(Groot, kept)
        end
     || Bad <- [-1, 1.5, infinity, <<"1">>, {1}, [], 1 bsl 64]
    ],
    1 = groot_api:get(A, kept),
    ok.

is_readable(Reason, Word) ->
    string:find(io_lib:format("~0p", [Reason]), Word) =/= nomatch.

%% Beyond 300 s: merged all the same, so that the cluster converges; the clock is not moved.
future_register_is_merged_and_reported(Config) ->
    [A, B, Groot] = All = all_nodes(Config),
    Far = os:system_time(millisecond) + 3_600_000,
    Register = register_of(far, future, Far),
    [groot_api:cast(Node, {update_register, Register}) || Node <- [A, B, Groot]],
    groot_api:await_value(All, far, future),
    os_program:await_line(cluster:program(Groot), "drift|ahead", 5_000),
    ok = groot_api:set(Groot, present, 1),
    #{present := #{hlc := #{time := Time}}} = groot_api:registers(Groot),
    true = Time < Far - 1_000_000,
    ok.

local_write_beats_a_future_register(Config) ->
    [A, B, Groot] = All = all_nodes(Config),
    Far = os:system_time(millisecond) + 3_600_000,
    [groot_api:cast(Node, {update_register, register_of(far, future, Far)}) || Node <- [A, B, Groot]],
    groot_api:await_value(All, far, future),
    ok = groot_api:set(Groot, far, mine),
    mine = groot_api:get(Groot, far),
    groot_api:await_value(All, far, mine).

clock_follows_within_the_bound(Config) ->
    Groot = proplists:get_value(groot, Config),
    Soon = os:system_time(millisecond) + 200_000,
    groot_api:cast(Groot, {update_register, register_of(soon, 1, Soon)}),
    ok = groot_api:set(Groot, later, 1),
    #{later := #{hlc := #{time := Time}}} = groot_api:registers(Groot),
    true = Time >= Soon,
    ok.

%% It would leave no later stamp: two sets would share one, and nodes differ for ever.
register_at_the_end_of_time_is_refused(Config) ->
    [A, B, Groot] = All = all_nodes(Config),
    Last = register_of(last, absurd, 16#ffffffffffff),
    Full = Last#{hlc := (maps:get(hlc, Last))#{counter := 65535}},
    ok = groot_api:set(Groot, last, 1),
    groot_api:await_value(All, last, 1),
    groot_api:cast(Groot, {update_register, Full}),
    os_program:await_line(cluster:program(Groot), "after the year 2200", 5_000),
    1 = groot_api:get(Groot, last),
    ok = groot_api:set(Groot, last, 2),
    groot_api:await_value([A, B, Groot], last, 2).

%% ------------------------------------------------------------------ helpers

a(Config) -> proplists:get_value(a, Config).

b(Config) -> proplists:get_value(b, Config).

all_nodes(Config) -> [a(Config), b(Config), proplists:get_value(groot, Config)].

register_of(Key, Value, Time) ->
    #{
        key => Key,
        value => Value,
        hlc => #{
            '__struct__' => 'Elixir.HLClock.Timestamp', time => Time, counter => 0, node_id => 1
        }
    }.
