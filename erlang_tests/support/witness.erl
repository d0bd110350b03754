%% The witnesses of bad behaviour: two BEAM peers and a node, which must not feel what others do to it.
%% Afterwards the links of the BEAM peers are the ones they had, writes still go both ways, a newcomer
%% still gets in, and the node holds neither memory nor files that it did not hold before.
-module(witness).

-export([start/1, a/1, b/1, changes_nothing/2, changes_nothing/3, in_order/1]).
-export([end_connection/2, noise/2, logged/2, not_logged/2]).

%% A refusal needs no waiting.
-define(AT_ONCE_MS, 2_000).
%% Each step of a handshake may take 7 s.
-define(HANDSHAKE_MS, 9_000).
%% What malloc and the buffers of a few links may keep.
-define(KEPT_KIB, 16 * 1024).

start(Config) ->
    Pair = cluster:start_pair(Config, #{}),
    A = proplists:get_value(a, Pair),
    Groot = cluster:groot(groot, ["--connect", atom_to_list(A)]),
    cluster:await_connected(Groot, [A, b(Pair)]),
    [{groot, Groot} | Pair].

a(Config) -> proplists:get_value(a, Config).

b(Config) -> proplists:get_value(b, Config).

changes_nothing(Config, Act) ->
    changes_nothing(Config, ?KEPT_KIB, Act).

%% Act(Node under test) may make the node take PeakKib for a moment.
changes_nothing(Config, PeakKib, Act) ->
    Groot = proplists:get_value(groot, Config),
    OsPid = os_program:os_pid(cluster:program(Groot)),
    Links = links(Config),
    %% Up to here the links of the case before may still be closing.
    Files = settled(fun() -> proc_fs:open_files(OsPid) end),
    Before = proc_fs:resident_kib(OsPid),
    proc_fs:reset_peak(OsPid),
    Act(Groot),
    in_order(Config),
    Newcomer = raw_peer:connect(Groot, <<"newcomer@127.0.0.1">>),
    true = raw_peer:is_alive(Newcomer),
    raw_peer:close(Newcomer),
    Links = links(Config),
    await:true(fun() -> proc_fs:open_files(OsPid) =< Files end, ?HANDSHAKE_MS),
    After = proc_fs:resident_kib(OsPid),
    Peak = proc_fs:peak_kib(OsPid),
    ct:pal("resident: ~b KiB before, ~b at most, ~b after", [Before, Peak, After]),
    proc_fs:is_sanitized(OsPid) orelse
        begin
            true = Peak =< Before + PeakKib,
            true = After =< Before + ?KEPT_KIB
        end,
    ok.

%% A value that is the same twice in a row, half a second apart.
settled(Read) ->
    Value = Read(),
    try await:holds(fun() -> Read() =:= Value end, 500) of
        ok -> Value
    catch
        error:{badmatch, false} -> settled(Read)
    end.

%% The connections of the BEAM peers to the node: one that was dropped and made again is another.
links(Config) ->
    Groot = proplists:get_value(groot, Config),
    [
        {Beam, cluster:connection(Beam, Groot)}
     || Beam <- [a(Config), b(Config)]
    ].

%% A write on either side is read on the other.
in_order(Config) ->
    All = [a(Config), b(Config), proplists:get_value(groot, Config)],
    Round = erlang:unique_integer([monotonic]),
    [ok = groot_api:set(Node, {in_order, Node}, Round) || Node <- All],
    [groot_api:await_value(All, {in_order, Node}, Round) || Node <- All],
    ok.

end_connection(Number, Connection) when Number rem 2 =:= 0 -> raw_peer:close(Connection);
end_connection(_Number, Connection) -> raw_peer:reset(Connection).

%% The same pieces of noise in every run. As the first bytes of a connection or a frame they are
%% long enough to be whole, whatever length they promise within the limits of a handshake.
noise(Pieces, Bytes) ->
    {Noise, _} = lists:mapfoldl(
        fun(_, State) -> rand:bytes_s(Bytes, State) end, rand:seed_s(exsss, 4711), lists:seq(1, Pieces)
    ),
    Noise.

logged(Groot, Pattern) ->
    os_program:await_line(cluster:program(Groot), Pattern, ?AT_ONCE_MS).

not_logged(Groot, Secrets) ->
    [] = [Line || Line <- cluster:log_of(Groot), Secret <- Secrets, string:find(Line, Secret) =/= nomatch],
    ok.
