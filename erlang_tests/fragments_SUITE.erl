%% Large messages in fragments: registers of 200 MB travel both ways while small messages of the same
%% link pass, and a peer that reads or writes slowly is neither cut off nor felt by the others.
%%
%% How long a small message takes is measured by a process of the BEAM peer that calls the node over
%% and over while the transfer runs. That holds what the BEAM itself adds: a process that sends while
%% more than +zdbbl (1 MiB) is queued for the link is suspended until the queue is shorter.
-module(fragments_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([init_per_testcase/2, end_per_testcase/2]).
-export([
    register_of_200_mb_both_ways/1,
    small_calls_pass_a_register_that_comes/1,
    small_calls_pass_a_register_that_goes/1,
    writes_pass_a_register_that_goes/1,
    small_answers_pass_a_slow_reader/1,
    tick_passes_a_reader_that_stopped/1,
    slow_writer_is_kept/1,
    sequences_are_interleaved/1,
    broken_sequences_end_the_link/1,
    too_many_sequences_end_the_link/1,
    unfinished_sequences_are_dropped/1,
    peer_without_fragments/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(EVE, <<"eve@127.0.0.1">>).
-define(REG_SEND, 6).
-define(LARGE, 200 * 1024 * 1024).
-define(SLOW, 32 * 1024 * 1024).
-define(SLOW_FRAME_MS, 10).
-define(RUNS, 5).
%% What a small message may take beside a large one.
-define(PASS_US, 50_000).
%% What the buffers of both sockets hold, and what the node has given them, lies before an answer.
-define(AHEAD_BYTES, 16 * 1024 * 1024).
-define(TICKTIME_S, 4).
-define(AT_ONCE_MS, 2_000).
-define(KEPT_KIB, 16 * 1024).

suite() -> [{timetrap, {seconds, 240}}].

all() ->
    [
        register_of_200_mb_both_ways,
        small_calls_pass_a_register_that_comes,
        small_calls_pass_a_register_that_goes,
        writes_pass_a_register_that_goes,
        small_answers_pass_a_slow_reader,
        tick_passes_a_reader_that_stopped,
        slow_writer_is_kept,
        sequences_are_interleaved,
        broken_sequences_end_the_link,
        too_many_sequences_end_the_link,
        unfinished_sequences_are_dropped,
        peer_without_fragments
    ].

init_per_suite(Config) -> cluster:start_pair(Config, #{}).

end_per_suite(_Config) -> cluster:stop().

init_per_testcase(_Case, Config) ->
    [A, B] = [a(Config), b(Config)],
    {_, []} = cluster:call(A, gen_server, multi_call, [[A, B], ?STORAGE, delete_all]),
    Groot = cluster:groot(groot, [
        "--connect", atom_to_list(A), "--max-value-size", "256MB",
        "--net-ticktime", integer_to_list(?TICKTIME_S), "--hidden-feed", "announce"
    ]),
    cluster:await_connected(Groot, [A, B]),
    ok = groot_api:set(Groot, small, small),
    groot_api:await_value([A, B], small, small),
    [{groot, Groot} | Config].

end_per_testcase(_Case, Config) ->
    cluster:tidy([a(Config), b(Config)]).

%% ------------------------------------------------------------------ large registers

register_of_200_mb_both_ways(Config) ->
    [A, B, Groot] = all_nodes(Config),
    cluster:on(A, fun() ->
        Value = large(),
        ok = gen_server:call({?STORAGE, Groot}, {set, ours, Value}, 60_000),
        ok = 'Elixir.Groot':set(theirs, Value),
        await:true(fun() -> Value =:= 'Elixir.Groot':get(ours) end, 60_000),
        await:true(fun() -> Value =:= rpc:call(Groot, 'Elixir.Groot', get, [theirs], 60_000) end, 60_000),
        await:true(fun() -> Value =:= rpc:call(B, 'Elixir.Groot', get, [ours], 60_000) end, 60_000)
    end, 200_000),
    is_connected(Groot, [A, B]),
    %% Nobody is to carry these on in the full states of the other cases.
    [ok = groot_api:set(Groot, Key, small) || Key <- [ours, theirs]],
    [groot_api:await_instead([A, B, Groot], Key, small) || Key <- [ours, theirs]].

small_calls_pass_a_register_that_comes(Config) ->
    [A, B, Groot] = all_nodes(Config),
    Measured = cluster:on(A, fun() ->
        Value = large(),
        [
            latency:meanwhile(Groot, fun() ->
                gen_server:cast({?STORAGE, Groot}, {update_register, stamped(coming, {Run, Value})}),
                gen_server:cast({?STORAGE, Groot}, {update_register, stamped(arrived, Run)}),
                await:equal(Run, fun() -> gen_server:call({?STORAGE, Groot}, {get, arrived}) end, 60_000)
            end)
         || Run <- lists:seq(1, ?RUNS)
        ]
    end, 200_000),
    latency:passed(idle(A, Groot), Measured, ?PASS_US),
    is_connected(Groot, [A, B]).

small_calls_pass_a_register_that_goes(Config) ->
    [A, B, Groot] = all_nodes(Config),
    Measured = cluster:on(A, fun() ->
        Value = large(),
        cast_register(Groot, going, Value),
        [
            latency:meanwhile(Groot, fun() ->
                Value = rpc:call(Groot, 'Elixir.Groot', get, [going], 60_000)
            end)
         || _ <- lists:seq(1, ?RUNS)
        ]
    end, 200_000),
    latency:passed(idle(A, Groot), Measured, ?PASS_US),
    is_connected(Groot, [A, B]).

%% What is written at the node while a large register is on its way to a peer is there before it.
writes_pass_a_register_that_goes(Config) ->
    [A, _, Groot] = all_nodes(Config),
    Measured = cluster:on(A, fun() ->
        Value = large(),
        [
            begin
                ok = gen_server:call({?STORAGE, Groot}, {set, going, {Run, Value}}, 60_000),
                Writes = latency:writes_until(Groot, fun() ->
                    case 'Elixir.Groot':get(going) of
                        {Run, _} -> true;
                        _ -> false
                    end
                end),
                true = length(Writes) > 1,
                latency:summary(Writes)
            end
         || Run <- lists:seq(1, ?RUNS)
        ]
    end, 200_000),
    latency:passed(idle(A, Groot), Measured, ?PASS_US),
    ok = groot_api:set(Groot, going, small),
    groot_api:await_instead(cluster:beams(), going, small).

%% ------------------------------------------------------------------ slow peers

%% Small answers come between the fragments of a value, and the BEAM peers notice nothing.
small_answers_pass_a_slow_reader(Config) ->
    [A, B, Groot] = all_nodes(Config),
    set_slow(A, Groot),
    Peer = slow_peer(Groot),
    Started = erlang:monotonic_time(millisecond),
    Tester = self(),
    Reader = spawn_link(fun() -> Tester ! {self(), read_slowly(Peer)} end),
    Others = cluster:on(A, fun() -> [latency:meanwhile(Groot, fun() -> latency:calls(Groot, 200) end) || _ <- lists:seq(1, ?RUNS)] end),
    {Read, Ahead} =
        receive
            {Reader, Result} -> Result
        end,
    Took = erlang:monotonic_time(millisecond) - Started,
    true = Read =:= slow(),
    true = Took > ?TICKTIME_S * 1_250,
    ct:pal("~b ms; ~b small answers, at most ~b bytes of fragments before one", [Took, length(Ahead), lists:max(Ahead)]),
    true = length(Ahead) > 3,
    true = lists:max(Ahead) < ?AHEAD_BYTES,
    latency:passed(idle(A, Groot), Others, ?PASS_US),
    is_connected(Groot, [A, B]).

tick_passes_a_reader_that_stopped(Config) ->
    [A, _, Groot] = all_nodes(Config),
    set_slow(A, Groot),
    Peer = slow_peer(Groot),
    call(Peer, 1, {get, slow}),
    {fragment, _, Reader} = first_fragment(Peer, fragments:reader()),
    %% The node writes nothing for longer than it may be silent.
    ok = pause(?TICKTIME_S * 500),
    {tick, Bytes, Unfinished} = fragments:receive_message(Peer, Reader),
    ct:pal("~b bytes of fragments before the tick", [Bytes]),
    true = Bytes < ?AHEAD_BYTES,
    1 = map_size(Unfinished),
    raw_peer:close(Peer).

%% Each fragment takes a second, and the whole longer than the tick time: bytes keep coming.
slow_writer_is_kept(Config) ->
    [A, B, Groot] = all_nodes(Config),
    Peer = fragments:connect(Groot, ?EVE),
    Value = binary:copy(<<1>>, 6 * 65_536 - 1_000),
    Frames = fragments:cut(7, to_storage(Peer), update(slowly, Value), 65_536),
    6 = length(Frames),
    [
        begin
            <<Half:30_000/binary, Rest/binary>> = iolist_to_binary(Frame),
            raw_peer:send_bytes(Peer, Half),
            ok = pause(?TICKTIME_S * 250),
            raw_peer:send_bytes(Peer, Rest)
        end
     || Frame <- Frames
    ],
    groot_api:await_value(Groot, slowly, Value),
    raw_peer:close(Peer),
    is_connected(Groot, [A, B]).

%% ------------------------------------------------------------------ sequences

sequences_are_interleaved(Config) ->
    [_, _, Groot] = all_nodes(Config),
    Peer = fragments:connect(Groot, ?EVE),
    Sequences = lists:seq(0, 49),
    Cut = [
        fragments:cut(Sequence bsl 32, to_storage(Peer), update({sequence, Sequence}, value(Sequence)), 100 + Sequence)
     || Sequence <- Sequences
    ],
    raw_peer:send_bytes(Peer, interleaved(Cut, 0, Peer)),
    [groot_api:await_value(Groot, {sequence, Sequence}, value(Sequence)) || Sequence <- Sequences],
    groot_api:await_value(Groot, between, 1),
    raw_peer:close(Peer).

%% The first frame of each, then the second of each …, a whole message and a tick between them.
interleaved([], _Round, _Peer) ->
    [];
interleaved(Cut, Round, Peer) ->
    Between = [fragments:whole(to_storage(Peer), update(between, 1)), <<0:32>>],
    [[hd(Frames) || Frames <- Cut], Between | interleaved([Rest || [_ | Rest] <- Cut, Rest =/= []], Round + 1, Peer)].

value(Sequence) -> binary:copy(<<Sequence>>, 5_000).

broken_sequences_end_the_link(Config) ->
    [A, B, Groot] = all_nodes(Config),
    Peer = #{name => ?EVE},
    [One, Two, Three | _] = fragments:cut(1, to_storage(Peer), update(broken, value(1)), 1_000),
    Update = iolist_to_binary(fragments:whole(to_storage(Peer), update(broken, 1))),
    <<_:32, 131, 68, 0, Terms/binary>> = Update,
    [
        closes(Groot, Bytes)
     || Bytes <- [
            [Two],
            [One, Three],
            [One, Two, Two],
            [One, One],
            [One, fragments:next(2, 5, <<>>)],
            [fragments:first(1, 0, Terms)],
            [fragments:first(1, 2, Terms), fragments:next(1, 0, <<>>)],
            [fragments:first(1, 2, Terms), fragments:next(1, 1, <<0>>)],
            [raw_peer:framed([<<131, 68, 1, 8, 0, 1, $a>>, Terms])],
            [raw_peer:framed([<<131, 69, 1:64, 1:64, 1, 8, 0, 1, $a>>, Terms])],
            [raw_peer:framed([<<131, 69, 1:64>>])],
            [raw_peer:framed([<<131>>])],
            [raw_peer:frame(to_storage(Peer), update(broken, 1))]
        ]
    ],
    os_program:await_line(cluster:program(Groot), "lost eve@127\\.0\\.0\\.1.*fragment", ?AT_ONCE_MS),
    nil = groot_api:get(Groot, broken),
    is_connected(Groot, [A, B]).

too_many_sequences_end_the_link(Config) ->
    [A, B, Groot] = all_nodes(Config),
    Begun = fun(Count) -> [fragments:first(Sequence, 2, <<104>>) || Sequence <- lists:seq(1, Count)] end,
    Peer = fragments:connect(Groot, ?EVE),
    raw_peer:send_bytes(Peer, [Begun(16_384), fragments:whole(to_storage(Peer), update(most, 1))]),
    groot_api:await_value(Groot, most, 1),
    raw_peer:close(Peer),
    closes(Groot, Begun(16_385)),
    os_program:await_line(cluster:program(Groot), "lost eve@127\\.0\\.0\\.1.*begun in fragments", ?AT_ONCE_MS),
    is_connected(Groot, [A, B]).

%% What is unfinished when the link goes costs nothing any more.
unfinished_sequences_are_dropped(Config) ->
    [A, B, Groot] = all_nodes(Config),
    OsPid = os_program:os_pid(cluster:program(Groot)),
    Before = proc_fs:resident_kib(OsPid),
    Peer = fragments:connect(Groot, ?EVE),
    Part = binary:copy(<<0>>, 65_536),
    [
        raw_peer:send_bytes(Peer, [
            fragments:first(Sequence, 1_000, Part) | [fragments:next(Sequence, 1_000 - N, Part) || N <- lists:seq(1, 63)]
        ])
     || Sequence <- lists:seq(1, 25)
    ],
    await:true(fun() -> proc_fs:resident_kib(OsPid) > Before + 90_000 end),
    raw_peer:close(Peer),
    proc_fs:is_sanitized(OsPid) orelse
        await:true(fun() -> proc_fs:resident_kib(OsPid) < Before + ?KEPT_KIB end),
    is_connected(Groot, [A, B]).

%% The plain form, both ways, whatever the size.
peer_without_fragments(Config) ->
    [_, _, Groot] = all_nodes(Config),
    Peer = raw_peer:connect(Groot, ?EVE),
    Value = binary:copy(<<1>>, 500_000),
    ok = raw_peer:call(Peer, ?STORAGE, {set, plain, Value}),
    Value = raw_peer:call(Peer, ?STORAGE, {get, plain}),
    raw_peer:close(Peer),
    closes(Groot, [], raw_peer:connect(Groot, ?EVE), fragments:whole(to_storage(Peer), update(plain, 1))).

%% ------------------------------------------------------------------ inside a BEAM peer

idle(Beam, Groot) ->
    cluster:on(Beam, fun() -> latency:summary(latency:calls(Groot, 1_000)) end).

large() -> binary:copy(<<"0123456789abcdef">>, ?LARGE div 16).

%% A value that takes its reader longer than the tick time. The console of a peer is no way for it.
slow() -> binary:copy(<<0, 1, 2, 3>>, ?SLOW div 4).

set_slow(Beam, Groot) ->
    cluster:on(Beam, fun() -> ok = gen_server:call({?STORAGE, Groot}, {set, slow, slow()}, 20_000) end).

%% As a stock node writes it, with the latest stamp.
stamped(Key, Value) ->
    #{
        key => Key,
        value => Value,
        hlc => #{
            '__struct__' => 'Elixir.HLClock.Timestamp',
            time => os:system_time(millisecond),
            counter => erlang:unique_integer([positive, monotonic]) rem 60_000,
            node_id => 1
        }
    }.

cast_register(Groot, Key, Value) ->
    gen_server:cast({?STORAGE, Groot}, {update_register, stamped(Key, Value)}),
    await:true(fun() -> Value =:= rpc:call(Groot, 'Elixir.Groot', get, [Key], 60_000) end, 60_000).

%% ------------------------------------------------------------------ raw peers

%% Takes no more than it reads, as far as a socket can be told to.
slow_peer(Groot) ->
    Peer = #{socket := Socket} = fragments:connect(Groot, ?EVE),
    ok = inet:setopts(Socket, [{recbuf, 65_536}]),
    Peer.

%% The large value, and how many bytes of it came between each small question and its answer.
read_slowly(Peer) ->
    call(Peer, 1, {get, slow}),
    {fragment, _, Reader} = first_fragment(Peer, fragments:reader()),
    read_slowly(Peer, Reader, 2, []).

read_slowly(Peer, Reader, Number, Ahead) ->
    call(Peer, Number, {get, small}),
    case read_answer(Peer, Reader, Number, 0) of
        {value, Value} -> {Value, Ahead};
        {Bytes, Next} -> read_slowly(Peer, Next, Number + 1, [Bytes | Ahead])
    end.

read_answer(Peer, Reader, Number, Bytes) ->
    ok = pause(?SLOW_FRAME_MS),
    case fragments:receive_frame(Peer, Reader) of
        {{_, {1, Value}}, _, _} -> {value, Value};
        {{_, {Number, small}}, _, Next} -> {Bytes, Next};
        {_, More, Next} -> read_answer(Peer, Next, Number, Bytes + More)
    end.

first_fragment(Peer, Reader) ->
    case fragments:receive_frame(Peer, Reader) of
        Fragment = {fragment, _, _} -> Fragment;
        {_, _, Next} -> first_fragment(Peer, Next)
    end.

call(Peer, Number, Request) ->
    Us = raw_peer:pid(Peer),
    raw_peer:send_bytes(Peer, fragments:whole(to_storage(Peer), {'$gen_call', {Us, Number}, Request})).

to_storage(Peer) -> {?REG_SEND, raw_peer:pid(Peer), '', ?STORAGE}.

update(Key, Value) -> {'$gen_cast', {update_register, stamped(Key, Value)}}.

closes(Groot, Bytes) ->
    closes(Groot, [], fragments:connect(Groot, ?EVE), Bytes).

closes(_Groot, [], Peer, Bytes) ->
    raw_peer:send_bytes(Peer, Bytes),
    raw_peer:await_closed(Peer, ?AT_ONCE_MS).

%% Being slow is what is tested here: nothing to wait for.
pause(Ms) ->
    receive
    after Ms -> ok
    end.

%% ------------------------------------------------------------------ helpers

a(Config) -> proplists:get_value(a, Config).

b(Config) -> proplists:get_value(b, Config).

all_nodes(Config) -> [a(Config), b(Config), proplists:get_value(groot, Config)].

%% Over the link that it had from the start.
is_connected(Groot, Beams) ->
    [] = [Line || Line <- cluster:log_of(Groot), Beam <- Beams, string:find(Line, "lost " ++ atom_to_list(Beam)) =/= nomatch],
    cluster:await_connected(Groot, Beams).
