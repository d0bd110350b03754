%% What groot-protocol says of a stock node, asked of the peers that the other suites use: so that
%% what they prove against the stand-in holds for the real Groot, with which the same checks run
%% when GROOT_EBIN is set.
-module(stand_in_SUITE).

-export([all/0, groups/0, init_per_group/2, end_per_group/2, end_per_testcase/2]).
-export([
    names_and_version/1,
    set_replicates_to_visible_nodes/1,
    stamps_have_the_wire_shape/1,
    merge_keeps_the_later_register/1,
    equal_stamps_keep_the_newcomer/1,
    extra_keys_survive_a_local_set/1,
    integer_and_float_keys_differ/1,
    nodeup_message_casts_the_whole_state/1,
    unknown_plain_messages_are_ignored/1,
    delete_all_empties/1,
    clock_answers/1,
    far_remote_stamp_does_not_move_the_clock/1,
    hidden_nodes_receive_nothing/1,
    reductions_stand_still_when_idle/1,
    list_key_kills_at_the_next_full_merge/1,
    empty_list_key_is_lost_at_the_next_full_merge/1,
    unknown_cast_kills/1,
    unknown_call_kills/1,
    propagate_delete/1,
    four_element_set/1,
    expiry_never_happens/1,
    deleted_key_comes_back/1,
    unknown_message_kills_the_clock/1,
    long_pause/1,
    counter_overflow_kills_the_clock/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(CLOCK, 'Elixir.Groot.Clock').

all() ->
    [{group, v0_1}, {group, v0_1_new_clock}, {group, with_delete}].

groups() ->
    Cases = [
        names_and_version,
        set_replicates_to_visible_nodes,
        stamps_have_the_wire_shape,
        merge_keeps_the_later_register,
        equal_stamps_keep_the_newcomer,
        extra_keys_survive_a_local_set,
        integer_and_float_keys_differ,
        nodeup_message_casts_the_whole_state,
        unknown_plain_messages_are_ignored,
        delete_all_empties,
        clock_answers,
        far_remote_stamp_does_not_move_the_clock,
        hidden_nodes_receive_nothing,
        reductions_stand_still_when_idle,
        list_key_kills_at_the_next_full_merge,
        empty_list_key_is_lost_at_the_next_full_merge,
        unknown_cast_kills,
        unknown_call_kills,
        propagate_delete,
        four_element_set,
        unknown_message_kills_the_clock,
        long_pause,
        counter_overflow_kills_the_clock
    ],
    [
        {v0_1, [], Cases},
        {v0_1_new_clock, [], Cases},
        {with_delete, [], Cases ++ [expiry_never_happens, deleted_key_comes_back]}
    ].

init_per_group(Version, Config) ->
    case cluster:available(Version) of
        true ->
            cluster:start(Config),
            [A, B] = cluster:peers([{a, Version}, {b, Version}]),
            true = cluster:call(A, net_kernel, connect_node, [B]),
            [{version, Version}, {a, A}, {b, B} | Config];
        false ->
            {skip, "the real Groot comes in one version"}
    end.

end_per_group(_Version, _Config) ->
    cluster:stop().

end_per_testcase(_Case, _Config) ->
    cluster:verdict().

names_and_version(Config) ->
    A = a(Config),
    HasDelete = version(Config) =:= with_delete,
    true = is_pid(cluster:call(A, erlang, whereis, ['Elixir.Groot.ClockSync'])),
    true = is_pid(cluster:call(A, erlang, whereis, [?CLOCK])),
    %% Before the first use of the API, code that is loaded on demand exports nothing.
    {module, _} = cluster:call(A, code, ensure_loaded, ['Elixir.Groot']),
    HasDelete = cluster:call(A, erlang, function_exported, ['Elixir.Groot', delete, 1]),
    HasDelete = cluster:call(A, erlang, function_exported, ['Elixir.Groot', set, 3]),
    true = cluster:call(A, erlang, function_exported, ['Elixir.Groot', set, 2]),
    {ok, [_ | _]} = cluster:call(A, application, get_key, [groot, vsn]),
    ok.

set_replicates_to_visible_nodes(Config) ->
    ok = groot_api:set(a(Config), replicated, 1),
    groot_api:await_value([b(Config)], replicated, 1),
    nil = groot_api:get(b(Config), never_set),
    ok.

stamps_have_the_wire_shape(Config) ->
    ok = groot_api:set(a(Config), shape, <<"v">>),
    #{shape := Register} = groot_api:registers(a(Config)),
    #{key := shape, value := <<"v">>, hlc := Stamp} = Register,
    3 = map_size(Register),
    #{'__struct__' := 'Elixir.HLClock.Timestamp', time := Time, counter := Counter, node_id := Id} = Stamp,
    4 = map_size(Stamp),
    true = abs(Time - os:system_time(millisecond)) < 60_000,
    true = Counter >= 0 andalso Counter =< 65_535 andalso Id < 1 bsl 64,
    ok.

merge_keeps_the_later_register(Config) ->
    A = a(Config),
    Now = os:system_time(millisecond),
    [
        begin
            groot_api:cast(A, {update_register, register_of(lww, Value, Time, Counter, Id)}),
            groot_api:cast(A, {update_registers, #{lww => register_of(lww, Value, Time, Counter, Id)}})
        end
     || {Value, Time, Counter, Id} <- [
            {first, Now, 5, 5}, {older, Now - 1, 9, 9}, {lower, Now, 4, 9}, {smaller, Now, 5, 4},
            {last, Now, 5, 6}
        ]
    ],
    #{lww := #{value := last}} = groot_api:registers(A),
    last = groot_api:get(A, lww),
    ok.

equal_stamps_keep_the_newcomer(Config) ->
    Stamp = {os:system_time(millisecond), 0, 1},
    put_register(a(Config), tie, one, Stamp),
    put_register(a(Config), tie, two, Stamp),
    await:equal(two, fun() -> groot_api:get(a(Config), tie) end),
    groot_api:cast(a(Config), {update_registers, #{tie => register_of(tie, three, Stamp)}}),
    #{tie := #{value := two}} = groot_api:registers(a(Config)),
    ok.

extra_keys_survive_a_local_set(Config) ->
    Stamp = {os:system_time(millisecond), 0, 1},
    Register = (register_of(extra, one, Stamp))#{'$extra' => {kept, [1]}},
    groot_api:cast(a(Config), {update_register, Register}),
    ok = groot_api:set(a(Config), extra, two),
    #{extra := #{value := two, '$extra' := {kept, [1]}}} = groot_api:registers(a(Config)),
    await:true(fun() ->
        case groot_api:registers(b(Config)) of
            #{extra := #{value := two, '$extra' := {kept, [1]}}} -> true;
            _ -> false
        end
    end).

integer_and_float_keys_differ(Config) ->
    ok = groot_api:set(a(Config), 1, integer),
    ok = groot_api:set(a(Config), 1.0, float),
    [integer, float] = [groot_api:get(a(Config), Key) || Key <- [1, 1.0]],
    groot_api:cast(a(Config), {update_registers, #{}}),
    [integer, float] = [groot_api:get(a(Config), Key) || Key <- [1, 1.0]],
    ok.

nodeup_message_casts_the_whole_state(Config) ->
    {A, B} = {a(Config), b(Config)},
    put_register(A, only_on_a, 1, {os:system_time(millisecond), 0, 1}),
    cluster:call(A, erlang, send, [?STORAGE, {nodeup, B}]),
    groot_api:await_value([B], only_on_a, 1).

unknown_plain_messages_are_ignored(Config) ->
    cluster:call(a(Config), erlang, send, [?STORAGE, {what, is, this}]),
    ok = groot_api:set(a(Config), alive, yes).

delete_all_empties(Config) ->
    ok = groot_api:set(a(Config), wiped, 1),
    A = a(Config),
    {[{A, ok}], []} = cluster:call(A, gen_server, multi_call, [[A], ?STORAGE, delete_all]),
    0 = map_size(groot_api:registers(A)),
    nil = groot_api:get(A, wiped),
    ok.

clock_answers(Config) ->
    {ok, First = #{node_id := Id}} = clock_call(Config, send_timestamp),
    Ahead = First#{time := maps:get(time, First) + 60_000, counter := 7, node_id := 1},
    {ok, #{time := Time, counter := 8, node_id := Id}} = clock_call(Config, {recv_timestamp, Ahead}),
    Time = maps:get(time, Ahead),
    {ok, #{time := Time, counter := 9}} = clock_call(Config, send_timestamp),
    {error, duplicate_node_id} = clock_call(Config, {recv_timestamp, First}),
    #{node_id := Id} = cluster:call(a(Config), sys, get_state, [?CLOCK]),
    ok.

far_remote_stamp_does_not_move_the_clock(Config) ->
    Now = os:system_time(millisecond),
    Far = stamp(Now + 301_000, 0, 1),
    {error, remote_drift_violation} = clock_call(Config, {recv_timestamp, Far}),
    cluster:call(a(Config), gen_server, cast, ['Elixir.Groot.ClockSync', {sync_remote_clock, Far}]),
    _ = cluster:call(a(Config), sys, get_state, ['Elixir.Groot.ClockSync']),
    {ok, #{time := Time}} = clock_call(Config, send_timestamp),
    true = Time < Now + 299_000,
    ok.

hidden_nodes_receive_nothing(Config) ->
    Hidden = cluster:peer(hidden, version(Config), ["-hidden"]),
    try
        true = cluster:call(Hidden, net_kernel, connect_node, [a(Config)]),
        ok = groot_api:set(a(Config), unheard, 1),
        groot_api:await_value([b(Config)], unheard, 1),
        nil = groot_api:get(Hidden, unheard),
        %% Its own writes do not leave it either; casts that it sends by name do arrive.
        cluster:call(Hidden, gen_server, cast, [
            {?STORAGE, a(Config)}, {update_register, register_of(from_hidden, 1, {1, 0, 1})}
        ]),
        groot_api:await_value([a(Config)], from_hidden, 1)
    after
        cluster:stop_peer(Hidden)
    end.

reductions_stand_still_when_idle(Config) ->
    Storage = cluster:call(b(Config), erlang, whereis, [?STORAGE]),
    Read = fun() -> cluster:call(b(Config), erlang, process_info, [Storage, reductions]) end,
    await:true(fun() -> Read() =:= Read() end),
    Before = Read(),
    await:holds(fun() -> Read() =:= Before end, 200),
    ok = groot_api:set(b(Config), moves, 1),
    true = Read() =/= Before,
    ok.

list_key_kills_at_the_next_full_merge(Config) ->
    ok = groot_api:set(a(Config), "charlist", 1),
    1 = groot_api:get(a(Config), "charlist"),
    dies(a(Config), ?STORAGE, fun() -> groot_api:cast(a(Config), {update_registers, #{}}) end),
    dies(b(Config), ?STORAGE, fun() -> groot_api:cast(b(Config), {update_registers, #{}}) end).

empty_list_key_is_lost_at_the_next_full_merge(Config) ->
    put_register(a(Config), [], 1, {1, 0, 1}),
    groot_api:cast(a(Config), {update_registers, #{}}),
    false = is_map_key([], groot_api:registers(a(Config))),
    1 = groot_api:get(a(Config), []),
    ok.

unknown_cast_kills(Config) ->
    dies(a(Config), ?STORAGE, fun() -> groot_api:cast(a(Config), {unknown, 1}) end).

unknown_call_kills(Config) ->
    dies(a(Config), ?STORAGE, fun() ->
        cluster:call(a(Config), erlang, send, [?STORAGE, {'$gen_call', {self(), make_ref()}, unknown}])
    end).

propagate_delete(Config) ->
    ok = groot_api:set(a(Config), propagated, 1),
    Send = fun() -> groot_api:cast(a(Config), {propagate_delete, propagated}) end,
    case version(Config) of
        with_delete ->
            Send(),
            false = is_map_key(propagated, groot_api:registers(a(Config))),
            nil = groot_api:get(a(Config), propagated),
            ok;
        _ ->
            dies(a(Config), ?STORAGE, Send)
    end.

four_element_set(Config) ->
    case version(Config) of
        with_delete ->
            ok = groot_api:gen_call(a(Config), {set, four, 1, nil}),
            1 = groot_api:get(a(Config), four),
            ok;
        _ ->
            Request = {'$gen_call', {self(), make_ref()}, {set, four, 1, nil}},
            dies(a(Config), ?STORAGE, fun() ->
                cluster:call(a(Config), erlang, send, [?STORAGE, Request])
            end)
    end.

expiry_never_happens(Config) ->
    ok = groot_api:set(a(Config), expiring, 1, 20),
    await:holds(fun() -> groot_api:get(a(Config), expiring) =:= 1 end, 100).

deleted_key_comes_back(Config) ->
    {A, B} = {a(Config), b(Config)},
    ok = groot_api:set(A, undead, 1),
    groot_api:await_value([B], undead, 1),
    #{undead := Register} = groot_api:registers(B),
    ok = groot_api:delete(A, undead),
    groot_api:await_value([A, B], undead, nil),
    groot_api:cast(B, {update_registers, #{undead => Register}}),
    groot_api:await_value([B], undead, 1).

unknown_message_kills_the_clock(Config) ->
    dies(a(Config), ?CLOCK, fun() -> cluster:call(a(Config), erlang, send, [?CLOCK, hello]) end).

%% hlclock 1.0.0 refuses the first stamp after more than five minutes without one, and takes the
%% storage with it; 1.1.0 gives it.
long_pause(Config) ->
    replace_state(a(Config), ?CLOCK, aged(400_000)),
    Set = {'$gen_call', {self(), make_ref()}, set_request(Config, paused, 1)},
    Send = fun() -> cluster:call(a(Config), erlang, send, [?STORAGE, Set]) end,
    case version(Config) of
        v0_1 ->
            dies(a(Config), ?STORAGE, Send),
            dies(a(Config), ?CLOCK, fun() -> cluster:call(a(Config), erlang, send, [?CLOCK, stop]) end);
        _ ->
            Send(),
            groot_api:await_value([a(Config)], paused, 1)
    end.

counter_overflow_kills_the_clock(Config) ->
    Wall = os:system_time(millisecond),
    replace_state(a(Config), ?CLOCK, with_stamp(Wall + 60_000, 65_535)),
    dies(a(Config), ?CLOCK, fun() ->
        try clock_call(Config, send_timestamp) catch exit:_ -> the_clock_died end
    end).

%% ------------------------------------------------------------------ helpers

version(Config) -> proplists:get_value(version, Config).

a(Config) -> proplists:get_value(a, Config).

b(Config) -> proplists:get_value(b, Config).

set_request(Config, Key, Value) ->
    case version(Config) of
        with_delete -> {set, Key, Value, nil};
        _ -> {set, Key, Value}
    end.

clock_call(Config, Request) ->
    cluster:call(a(Config), gen_server, call, [?CLOCK, Request]).

%% Change, like whatever it closes over, travels to the peer.
replace_state(Node, Name, Change) ->
    cluster:on(Node, fun() -> sys:replace_state(Name, Change) end).

aged(Ms) ->
    change_stamp(fun(Stamp = #{time := Time}) -> Stamp#{time := Time - Ms} end).

with_stamp(Time, Counter) ->
    change_stamp(fun(Stamp) -> Stamp#{time := Time, counter := Counter} end).

change_stamp(Change) ->
    fun(State = #{timestamp := Stamp}) -> State#{timestamp := Change(Stamp)} end.

%% Act kills the process registered as Name on Node, and the supervisor puts a new one there.
dies(Node, Name, Act) ->
    cluster:forgive(Node, "."),
    Before = cluster:call(Node, erlang, whereis, [Name]),
    %% The supervisor gives up at four restarts in five seconds: make each the first.
    replace_state(Node, 'Elixir.Groot.Supervisor', forget_restarts()),
    Act(),
    await:true(fun() ->
        After = cluster:call(Node, erlang, whereis, [Name]),
        is_pid(After) andalso After =/= Before
    end),
    cluster:storage_replaced(Node).

%% The `restarts` field of supervisor's state record (OTP 25).
forget_restarts() ->
    fun(State) -> setelement(8, State, []) end.

put_register(Node, Key, Value, Stamp) ->
    groot_api:cast(Node, {update_register, register_of(Key, Value, Stamp)}).

register_of(Key, Value, {Time, Counter, NodeId}) ->
    register_of(Key, Value, Time, Counter, NodeId).

register_of(Key, Value, Time, Counter, NodeId) ->
    #{key => Key, value => Value, hlc => stamp(Time, Counter, NodeId)}.

stamp(Time, Counter, NodeId) ->
    #{
        '__struct__' => 'Elixir.HLClock.Timestamp',
        time => Time,
        counter => Counter,
        node_id => NodeId
    }.
