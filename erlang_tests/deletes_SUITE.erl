%% Deletes between stock nodes and this one: in the order in which they were made, to the end of their tombstones, and of everything at once.
-module(deletes_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([init_per_testcase/2, end_per_testcase/2]).
-export([
    nil_of_an_old_delete_is_reclaimed/1,
    set_at_the_end_of_a_tombstone/1,
    delete_on_stock_reaches_us/1,
    delete_then_set_on_stock/1,
    delete_all_on_stock_reaches_us/1,
    delete_all_here_is_filled_again/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').

suite() -> [{timetrap, {seconds, 90}}].

all() ->
    [
        nil_of_an_old_delete_is_reclaimed,
        set_at_the_end_of_a_tombstone,
        delete_on_stock_reaches_us,
        delete_then_set_on_stock,
        delete_all_on_stock_reaches_us,
        delete_all_here_is_filled_again
    ].

init_per_suite(Config) -> cluster:start_pair(Config, #{}).

end_per_suite(_Config) -> cluster:stop().

init_per_testcase(Case, Config) when Case =:= delete_on_stock_reaches_us; Case =:= delete_then_set_on_stock ->
    case cluster:available(with_delete) of
        true -> wiped(Config);
        false -> {skip, "the real Groot has no delete"}
    end;
init_per_testcase(_Case, Config) ->
    wiped(Config).

wiped(Config) ->
    [A, B] = [a(Config), b(Config)],
    {_, []} = cluster:call(A, gen_server, multi_call, [[A, B], ?STORAGE, delete_all]),
    Config.

end_per_testcase(_Case, Config) -> cluster:tidy([a(Config), b(Config)]).

%% On b, which has delete, and on a, 0.1.x, which would die of a propagate_delete.
nil_of_an_old_delete_is_reclaimed(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = cluster:groot(brief, ["--connect", atom_to_list(A), "--tombstone-ttl", "4"]),
    cluster:await_connected(Groot, [A, B]),
    ok = groot_api:set(Groot, stays, 1),
    ok = groot_api:set(Groot, outlived, 1),
    groot_api:await_value([A, B], outlived, 1),
    ok = groot_api:delete(Groot, outlived),
    groot_api:await_value([A, B], outlived, nil),
    Holds = fun(Node) -> is_map_key(outlived, maps:get(registers, cluster:call(A, sys, get_state, [{?STORAGE, Node}]))) end,
    true = Holds(B),
    %% What a peer holds is known once it has shown all of it.
    [cluster:call(Node, erlang, send, [?STORAGE, {nodeup, Groot}]) || Node <- [A, B]],
    [await:equal(false, fun() -> Holds(Node) end, 15_000) || Node <- [A, B, Groot]],
    true = is_map_key(stays, maps:get(registers, cluster:call(A, sys, get_state, [{?STORAGE, A}]))).

%% A daily job that deletes keys and sets them again a day later: keys set at A in the last moments of their tombstones.
set_at_the_end_of_a_tombstone(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = cluster:groot(brief, ["--connect", atom_to_list(A), "--tombstone-ttl", "4"]),
    cluster:await_connected(Groot, [A, B]),
    Keys = [{daily, I} || I <- lists:seq(1, 60)],
    [ok = groot_api:set(A, Key, 1) || Key <- Keys],
    [groot_api:await_value([A, B, Groot], Key, 1) || Key <- Keys],
    Deleted = [
        begin
            ok = groot_api:delete(Groot, Key),
            {Key, erlang:monotonic_time(millisecond)}
        end
     || Key <- Keys
    ],
    [groot_api:await_value([A, B], Key, nil) || Key <- Keys],
    [cluster:call(Node, erlang, send, [?STORAGE, {nodeup, Groot}]) || Node <- [A, B]],
    lists:foreach(
        fun({Key, At}) ->
            %% From 300 ms before its end to some after it.
            timer:sleep(max(0, At + 3_700 + erlang:phash2(Key, 500) - erlang:monotonic_time(millisecond))),
            ok = groot_api:set(A, Key, 2)
        end,
        Deleted
    ),
    [groot_api:await_value([A, B, Groot], Key, 2) || Key <- Keys],
    Kept = fun() -> lists:all(fun(Key) -> groot_api:get(A, Key) =:= 2 andalso groot_api:get(B, Key) =:= 2 end, Keys) end,
    await:holds(Kept, 4_000).

delete_on_stock_reaches_us(Config) ->
    [_, B, Groot] = with_groot(Config),
    ok = groot_api:set(B, short_lived, 1),
    groot_api:await_value([Groot], short_lived, 1),
    %% Not through a, which a propagate_delete would kill: stock itself is not that careful.
    B1 = cluster:peer(lone, with_delete, ["-connect_all", "false"]),
    pong = cluster:call(B1, net_adm, ping, [Groot]),
    ok = groot_api:call(B1, 'Elixir.Groot', set, [lonely, 1]),
    groot_api:await_value([Groot], lonely, 1),
    %% We know that it has shown the key once a full state has been seen after the write.
    ok = groot_api:call(B1, 'Elixir.Groot', delete, [lonely]),
    groot_api:await_value([Groot], lonely, nil, 25_000).

%% One process at B deletes and sets again at once, in quick succession.
delete_then_set_on_stock(Config) ->
    [_, _, Groot] = with_groot(Config),
    Lone = cluster:peer(then_set, with_delete, ["-connect_all", "false"]),
    pong = cluster:call(Lone, net_adm, ping, [Groot]),
    Keys = [{again, I} || I <- lists:seq(1, 50)],
    [ok = groot_api:call(Lone, 'Elixir.Groot', set, [Key, 1]) || Key <- Keys],
    [groot_api:await_value([Groot], Key, 1) || Key <- Keys],
    cluster:on(Lone, fun() ->
        [
            begin
                ok = 'Elixir.Groot':delete(Key),
                ok = 'Elixir.Groot':set(Key, 2)
            end
         || Key <- Keys
        ]
    end),
    [groot_api:await_value([Groot, Lone], Key, 2) || Key <- Keys],
    Kept = fun() -> lists:all(fun(Key) -> groot_api:get(Lone, Key) =:= 2 andalso groot_api:get(Groot, Key) =:= 2 end, Keys) end,
    await:holds(Kept, 4_000).

%% A process that lives and shows nothing of what it had was told to forget it: on 0.1.x, too.
delete_all_on_stock_reaches_us(Config) ->
    [A, B, Groot] = All = with_groot(Config),
    ok = groot_api:set(A, wiped, 1),
    groot_api:await_value(All, wiped, 1),
    {_, []} = cluster:call(A, gen_server, multi_call, [[A, B], ?STORAGE, delete_all]),
    groot_api:await_value([Groot], wiped, nil, 30_000),
    await:holds(fun() -> groot_api:get(A, wiped) =:= nil andalso groot_api:get(B, wiped) =:= nil end, 25_000),
    ok = groot_api:set(A, wiped, 2),
    groot_api:await_value(All, wiped, 2).

%% What is known of a peer's states from before is not taken for what is held after.
delete_all_here_is_filled_again(Config) ->
    A = a(Config),
    Groot = cluster:groot(seen, ["--visibility", "visible", "--connect", atom_to_list(A)]),
    cluster:await_connected(Groot, [A, b(Config)]),
    cluster:on(A, fun() -> [ok = 'Elixir.Groot':set(N, N) || N <- lists:seq(1, 5_000)], ok end),
    [shown_by(A, Groot, Round) || Round <- [1, 2, 3]],
    ok = groot_api:gen_call(Groot, delete_all),
    shown_by(A, Groot, 4),
    Held = groot_api:registers(Groot),
    [] = [N || N <- lists:seq(1, 5_000), not is_map_key(N, Held)],
    ok.

%% A has sent its state, and it was merged.
shown_by(A, Groot, Round) ->
    cluster:call(A, erlang, send, [?STORAGE, sync_timeout]),
    ok = groot_api:set(A, round, Round),
    groot_api:await_value(Groot, round, Round).

with_groot(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = cluster:groot(groot, ["--connect", atom_to_list(A)]),
    cluster:await_connected(Groot, [A, B]),
    [A, B, Groot].

a(Config) -> proplists:get_value(a, Config).
b(Config) -> proplists:get_value(b, Config).
