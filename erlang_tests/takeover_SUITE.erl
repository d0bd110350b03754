%% A visible node of ours takes the place, and the name, of an Elixir Groot node while the cluster
%% goes on writing, and gives it back; one of ours takes the place of another likewise.
%%
%% GROOT_NODE_BIN_BEFORE names the program that is upgraded from in rolling_upgrade; without it that
%% is the program under test itself.
-module(takeover_SUITE).

-export([all/0, suite/0, end_per_testcase/2]).
-export([every_node_is_replaced_and_comes_back/1, rolling_upgrade/1]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(GROOT, 'Elixir.Groot').
%% Sets a second, over all nodes.
-define(LOAD, 1_000).
%% What a node writes before the next of the others is replaced.
-define(SETTLED_WRITES, 300).

suite() -> [{timetrap, {seconds, 240}}].

all() -> [every_node_is_replaced_and_comes_back, rolling_upgrade].

end_per_testcase(_Case, _Config) ->
    Verdict = cluster:verdict(),
    cluster:stop(),
    Verdict.

every_node_is_replaced_and_comes_back(Config) ->
    cluster:start(Config),
    Console = cluster:peer(console, no_groot, ["-hidden"]),
    cluster:set_console(Console),
    Names = [a, b, c],
    Nodes = cluster:peers([{Name, v0_1} || Name <- Names]),
    mesh(Nodes),
    Writers = start_writers(Nodes),
    [replace(Name, Writers, fun stop_beam/1, fun ours/1) || Name <- Names],
    [replace(Name, Writers, fun stop_ours/1, fun stock/1) || Name <- Names],
    nothing_is_lost(Writers, Nodes).

rolling_upgrade(Config) ->
    cluster:start(Config),
    Console = cluster:peer(console, no_groot, ["-hidden"]),
    cluster:set_console(Console),
    Stock = cluster:peer(a, v0_1),
    Nodes = [Stock | [visible(Name, before()) || Name <- [b, c]]],
    groot_api:await_mesh(Nodes, 15_000),
    Writers = start_writers(Nodes),
    [replace(Name, Writers, fun stop_ours/1, fun ours/1) || Name <- [b, c]],
    nothing_is_lost(Writers, Nodes).

%% ------------------------------------------------------------------ replacing a node

replace(Name, Writers, Stop, Start) ->
    Node = cluster:full_name(Name),
    [await_written(Writer, ?SETTLED_WRITES) || Writer <- maps:values(Writers)],
    Writer = maps:get(Node, Writers),
    %% Its own writers are the callers that see it go; what it has acknowledged is with the others.
    ok = ask(Writer, pause),
    acknowledged_elsewhere(Writer, maps:keys(Writers) -- [Node]),
    Stop(Node),
    Node = Start(Name),
    groot_api:await_mesh(maps:keys(Writers), 15_000),
    ok = ask(Writer, resume).

stop_beam(Node) -> cluster:stop_peer(Node).

stop_ours(Node) -> 0 = cluster:stop_groot(Node).

ours(Name) -> visible(Name, groot_program:executable()).

before() -> os:getenv("GROOT_NODE_BIN_BEFORE", groot_program:executable()).

visible(Name, Executable) ->
    Others = [cluster:full_name(Other) || Other <- [a, b, c], Other =/= Name],
    cluster:groot_of(Executable, Name, [
        "--visibility", "visible" | lists:append([["--connect", atom_to_list(Other)] || Other <- Others])
    ]).

stock(Name) ->
    Node = cluster:peer(Name, v0_1),
    Others = [cluster:full_name(Other) || Other <- [a, b, c], Other =/= Name],
    [true = cluster:call(Node, net_kernel, connect_node, [Other]) || Other <- Others],
    Node.

mesh([First | Others]) ->
    [true = cluster:call(First, net_kernel, connect_node, [Other]) || Other <- Others],
    groot_api:await_mesh([First | Others], 15_000).

%% ------------------------------------------------------------------ the load

%% One writer a node, a process of the console: it calls the storage of its node, wherever that
%% runs, at its share of the load.
start_writers(Nodes) ->
    PauseMs = 1000 * length(Nodes) div ?LOAD,
    Console = cluster:console(),
    maps:from_list([
        {Node, {Node, cluster:on(Console, fun() -> spawn(fun() -> writer(Node, PauseMs) end) end)}}
     || Node <- Nodes
    ]).

writer(Node, PauseMs) ->
    write(#{node => Node, next => 1, acknowledged => 0, due => now_ms(), pause => PauseMs, running => true}).

%% A set is tried again until it is acknowledged; Acknowledged is the last number that was.
write(State = #{running := false}) ->
    write(answer(infinity, State));
write(State = #{due := Due, pause := PauseMs}) ->
    Next = answer(max(0, Due - now_ms()), State),
    write(
        case Next of
            #{running := true} -> set((Next)#{due := Due + PauseMs});
            #{running := false} -> Next
        end
    ).

answer(Ms, State = #{acknowledged := Acknowledged}) ->
    receive
        {From, Ref, pause} ->
            From ! {Ref, ok},
            State#{running := false};
        {From, Ref, resume} ->
            From ! {Ref, ok},
            State#{running := true, due := now_ms()};
        {From, Ref, acknowledged} ->
            From ! {Ref, Acknowledged},
            answer(Ms, State)
    after Ms -> State
    end.

set(State = #{node := Node, next := N}) ->
    ok = gen_server:call({?STORAGE, Node}, {set, {Node, N rem 100}, N}),
    State#{next := N + 1, acknowledged := N}.

now_ms() -> erlang:monotonic_time(millisecond).

%% Asks a writer from inside the console, where its pid is a local one.
ask({_Node, Pid}, Question) ->
    cluster:on(cluster:console(), fun() ->
        Ref = monitor(process, Pid),
        Pid ! {self(), Ref, Question},
        receive
            {Ref, Answer} -> Answer;
            {'DOWN', Ref, process, Pid, Reason} -> error({writer_died, Reason})
        end
    end).

await_written(Writer, Count) ->
    Before = ask(Writer, acknowledged),
    await:true(fun() -> ask(Writer, acknowledged) >= Before + Count end, 30_000).

%% ------------------------------------------------------------------ what was written

%% {Key, Value} of the last write to each key of a paused writer.
last_writes({Node, _} = Writer) ->
    Last = ask(Writer, acknowledged),
    [{{Node, N rem 100}, N} || N <- lists:seq(max(1, Last - 99), Last)].

acknowledged_elsewhere(Writer, Others) ->
    Written = last_writes(Writer),
    [await:equal([], fun() -> missing(Other, Written) end) || Other <- Others].

missing(Node, Written) ->
    Held = groot_api:registers(Node),
    [
        {Key, Value}
     || {Key, Value} <- Written,
        case Held of
            #{Key := #{value := Value}} -> false;
            _ -> true
        end
    ].

nothing_is_lost(Writers, Nodes) ->
    [ok = ask(Writer, pause) || Writer <- maps:values(Writers)],
    Written = lists:append([last_writes(Writer) || Writer <- maps:values(Writers)]),
    [await:equal([], fun() -> missing(Node, Written) end, 25_000) || Node <- Nodes],
    %% And none holds what the others do not.
    [First | Others] = [values(Node) || Node <- Nodes],
    [First = Other || Other <- Others],
    ok.

values(Node) -> maps:map(fun(_, #{value := Value}) -> Value end, groot_api:registers(Node)).
