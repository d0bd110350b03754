%% More than a link's queue holds, and more than there is memory for: nobody is cut off for it but
%% who sent it.
-module(bulk_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, end_per_testcase/2]).
-export([
    more_than_the_queue_at_once/1,
    state_asked_for_many_times/1,
    no_memory_for_a_message/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(EVE, <<"eve@127.0.0.1">>).
-define(LARGE, 50 * 1024 * 1024).
-define(TRANSFER_MS, 120_000).
-define(AT_ONCE_MS, 2_000).

suite() -> [{timetrap, {seconds, 300}}].

all() ->
    [
        more_than_the_queue_at_once,
        state_asked_for_many_times,
        no_memory_for_a_message
    ].

init_per_suite(Config) -> cluster:start_pair(Config, #{}).

end_per_suite(_Config) -> cluster:stop().

end_per_testcase(_Case, Config) ->
    cluster:tidy([a(Config), b(Config)]).

%% A stock node that starts empty beside 300 MB: all of it arrives over the link that is there.
more_than_the_queue_at_once(_Config) ->
    Writer = cluster:peer(writer, no_groot),
    Groot = cluster:groot(alone, []),
    Keys = [{large, N} || N <- lists:seq(1, 6)],
    cluster:on(Writer, fun() ->
        [
            ok = gen_server:call({?STORAGE, Groot}, {set, Key, binary:copy(<<N>>, ?LARGE)}, ?TRANSFER_MS)
         || Key = {large, N} <- Keys
        ]
    end, ?TRANSFER_MS),
    Late = cluster:peer(late, v0_1),
    true = cluster:call(Late, net_kernel, connect_node, [Groot]),
    cluster:await_connected(Groot, [Late]),
    Connection = cluster:connection(Late, Groot),
    [await:true(fun() -> has_large(Late, Key) end, ?TRANSFER_MS) || Key <- Keys],
    Connection = cluster:connection(Late, Groot),
    ok.

%% Each sync_timeout makes the node cast its state to everybody, also to who did not ask.
state_asked_for_many_times(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = start(Config),
    ok = groot_api:set(Groot, large, binary:copy(<<1>>, 4 * 1024 * 1024)),
    [await:true(fun() -> is_binary(groot_api:get(Node, large)) end) || Node <- [A, B]],
    Connections = [cluster:connection(Node, Groot) || Node <- [A, B]],
    cluster:on(A, fun() -> [{?STORAGE, Groot} ! sync_timeout || _ <- lists:seq(1, 300)] end),
    %% Answered after all of them, and what was to be sent by then is before it.
    ok = groot_api:set(Groot, small, 1),
    groot_api:await_value([A, B], small, 1),
    Connections = [cluster:connection(Node, Groot) || Node <- [A, B]],
    ok.

%% A node that may have 700 MB is sent more than that, as one message. The link ends, and nothing else.
no_memory_for_a_message(Config) ->
    A = a(Config),
    Program = filename:join(proplists:get_value(priv_dir, Config), "little_memory"),
    ok = file:write_file(Program, ["#!/bin/sh\nulimit -v 700000\nexec \"", groot_program:executable(), "\" \"$@\"\n"]),
    ok = file:change_mode(Program, 8#700),
    Groot = cluster:groot_of(Program, little, ["--connect", atom_to_list(A)]),
    cluster:await_connected(Groot, [A, b(Config)]),
    Connection = cluster:connection(A, Groot),
    ok = groot_api:set(Groot, before, 1),
    Peer = raw_peer:connect(Groot, ?EVE),
    raw_peer:send_bytes(Peer, <<(1 bsl 30):32>>),
    Chunk = binary:copy(<<112>>, 1 bsl 20),
    [raw_peer:send_bytes(Peer, Chunk) || _ <- lists:seq(1, 700)],
    raw_peer:await_closed(Peer, ?AT_ONCE_MS),
    os_program:await_line(cluster:program(Groot), "eve@127\\.0\\.0\\.1.*memory", ?AT_ONCE_MS),
    1 = groot_api:get(Groot, before),
    ok = groot_api:set(Groot, afterwards, 2),
    groot_api:await_value([A, b(Config)], afterwards, 2),
    Connection = cluster:connection(A, Groot),
    0 = cluster:stop_groot(Groot),
    ok.

%% ------------------------------------------------------------------ helpers

start(Config) ->
    Groot = cluster:groot(asked, ["--connect", atom_to_list(a(Config))]),
    cluster:await_connected(Groot, [a(Config), b(Config)]),
    Groot.

has_large(Node, Key) ->
    cluster:on(Node, fun() -> is_binary('Elixir.Groot':get(Key)) end, ?TRANSFER_MS).

a(Config) -> proplists:get_value(a, Config).
b(Config) -> proplists:get_value(b, Config).
