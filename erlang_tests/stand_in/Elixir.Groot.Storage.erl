%% Groot's storage process as it behaves on the wire, faults included: every message that kills
%% the stock process kills this one, and a delete or an expiry goes wrong here in the same way.
%% Nothing here is to be made more robust; the suites prove that the node never steps on a fault.
-module('Elixir.Groot.Storage').
-behaviour(gen_server).

-export([start_link/1, get/1, delete_all/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(CLOCK, 'Elixir.Groot.Clock').

start_link(_Args) ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

get(Key) ->
    case ets:lookup(?MODULE, Key) of
        [] -> nil;
        [{_, Value}] -> Value
    end.

%% Wipes the visible cluster; stock keeps it for development and tests.
delete_all() ->
    gen_server:multi_call(?MODULE, delete_all).

init([]) ->
    net_kernel:monitor_nodes(true),
    Table = ets:new(?MODULE, [named_table, set, protected]),
    schedule_sync(),
    {ok, #{table => Table, registers => #{}}}.

-ifdef(WITH_DELETE).

handle_call({set, Key, Value}, From, State) ->
    handle_call({set, Key, Value, nil}, From, State);
handle_call({set, Key, Value, ExpiresIn}, _From, State) ->
    %% The fault: the timer's message is one that handle_info/2 does not know.
    ExpiresIn =:= nil orelse erlang:send_after(ExpiresIn, self(), {delete, Key}),
    {reply, ok, store_local(Key, Value, State)};
handle_call({delete, Key}, _From, State) ->
    gen_server:abcast(?MODULE, {propagate_delete, Key}),
    {reply, ok, forget(Key, State)};
handle_call(delete_all, _From, State) ->
    {reply, ok, wipe(State)}.

-else.

handle_call({set, Key, Value}, _From, State) ->
    {reply, ok, store_local(Key, Value, State)};
handle_call(delete_all, _From, State) ->
    {reply, ok, wipe(State)}.

-endif.

handle_cast({update_register, Register}, State = #{registers := Registers}) ->
    Key = maps:get(key, Register),
    Kept =
        case Registers of
            #{Key := Held} -> latest(Register, Held);
            #{} -> Register
        end,
    {noreply, publish(Key, Kept, State)};
handle_cast({update_registers, Received}, State = #{table := Table, registers := Registers}) ->
    Merged = merge(Registers, Received),
    maps:foreach(
        fun(Key, Register) -> ets:insert(Table, {Key, maps:get(value, Register)}) end, Merged
    ),
    {noreply, State#{registers := Merged}};
handle_cast(Message, State) ->
    handle_delete_cast(Message, State).

-ifdef(WITH_DELETE).
handle_delete_cast({propagate_delete, Key}, State) ->
    {noreply, forget(Key, State)}.

%% No tombstone and no clock: the next full state that still has the key brings it back.
forget(Key, State = #{table := Table, registers := Registers}) ->
    ets:delete(Table, Key),
    State#{registers := maps:remove(Key, Registers)}.
-else.
handle_delete_cast(Message, _State) ->
    error(function_clause, [Message]).
-endif.

handle_info({nodeup, Node}, State = #{registers := Registers}) ->
    gen_server:cast({?MODULE, Node}, {update_registers, Registers}),
    {noreply, State};
handle_info(sync_timeout, State = #{registers := Registers}) ->
    gen_server:abcast(?MODULE, {update_registers, Registers}),
    schedule_sync(),
    {noreply, State};
handle_info(_Other, State) ->
    {noreply, State}.

schedule_sync() ->
    erlang:send_after(10_000 + 1_000 * rand:uniform(10), self(), sync_timeout).

%% Stock draws the stamp of a new register also when it then only updates one it holds: two a set.
%% A refused stamp is a badmatch, which takes the process down.
store_local(Key, Value, State = #{registers := Registers}) ->
    {ok, FirstStamp} = send_timestamp(),
    Register =
        case Registers of
            #{Key := Held} ->
                {ok, Stamp} = send_timestamp(),
                Held#{value := Value, hlc := Stamp};
            #{} ->
                #{key => Key, value => Value, hlc => FirstStamp}
        end,
    Stored = publish(Key, Register, State),
    gen_server:abcast(?MODULE, {update_register, Register}),
    Stored.

publish(Key, Register, State = #{table := Table, registers := Registers}) ->
    ets:insert(Table, {Key, maps:get(value, Register)}),
    State#{registers := Registers#{Key => Register}}.

wipe(State = #{table := Table}) ->
    ets:delete_all_objects(Table),
    State#{registers := #{}}.

send_timestamp() ->
    gen_server:call(?CLOCK, send_timestamp).

%% Step by step what stock does, as time is measured beside it: all keys of both, each once, and of
%% each the first of a sorted list of what there is.
%%
%% The fault: flattening the keys takes list keys apart, so that a full merge looks up their
%% elements, finds neither side and stores `nil` as a register. `[]` merely disappears.
merge(Ours, Theirs) ->
    Keys = lists:uniq(lists:flatten([maps:keys(Ours), maps:keys(Theirs)])),
    maps:from_list([
        {Key, latest(maps:get(Key, Ours, nil), maps:get(Key, Theirs, nil))}
     || Key <- Keys
    ]).

latest(First, Second) ->
    Present = lists:filter(fun(Register) -> Register =/= nil end, [First, Second]),
    case sort_by(fun(Register) -> Register end, fun not_before/2, Present) of
        [Latest | _] -> Latest;
        [] -> nil
    end.

%% As Elixir's Enum:sort_by/3.
sort_by(What, Precedes, List) ->
    Pairs = lists:map(fun(Element) -> {Element, What(Element)} end, List),
    Sorted = lists:sort(fun({_, A}, {_, B}) -> Precedes(A, B) end, Pairs),
    lists:map(fun({Element, _}) -> Element end, Sorted).

not_before(A, B) ->
    stamp_order(A) >= stamp_order(B).

stamp_order(#{hlc := #{time := Time, counter := Counter, node_id := NodeId}}) ->
    {Time, Counter, NodeId}.
