%% The clock that Groot takes from hlclock. HLCLOCK_1_1 selects the rules of 1.1.0; without it
%% those of 1.0.0, which compares a new stamp with the previous one and so refuses every stamp
%% after a pause longer than the drift bound.
-module('Elixir.HLClock.Server').
-behaviour(gen_server).

-export([start_link/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(MAX_DRIFT_MS, 300_000).
-define(MAX_COUNTER, 65_535).

start_link(Name, NodeId) ->
    gen_server:start_link({local, Name}, ?MODULE, NodeId, []).

init(NodeId) ->
    schedule(),
    {ok, #{
        node_id => NodeId,
        timestamp => stamp(wall_time(), 0, NodeId),
        max_drift => ?MAX_DRIFT_MS
    }}.

%% No catch-all clause in any callback, as in stock: an unknown message ends the clock.
handle_call(send_timestamp, _From, State = #{timestamp := Last}) ->
    answer(send(Last, wall_time()), State);
handle_call({recv_timestamp, Remote}, _From, State = #{timestamp := Last}) ->
    answer(recv(Last, Remote, wall_time()), State).

handle_cast(Message, _State) ->
    error({bad_cast, Message}).

handle_info(periodic_send, State = #{timestamp := Last}) ->
    schedule(),
    {_, _, Next} = answer(send(Last, wall_time()), State),
    {noreply, Next}.

answer({ok, Stamp}, State) -> {reply, {ok, Stamp}, State#{timestamp := Stamp}};
answer({error, Reason}, State) -> {reply, {error, Reason}, State}.

send(#{time := Time, counter := Counter, node_id := NodeId}, Wall) ->
    NewTime = max(Time, Wall),
    case send_drift(Time, NewTime, Wall) > ?MAX_DRIFT_MS of
        true -> {error, clock_drift_violation};
        false when NewTime =:= Time -> {ok, stamp(NewTime, Counter + 1, NodeId)};
        false -> {ok, stamp(NewTime, 0, NodeId)}
    end.

-ifdef(HLCLOCK_1_1).
send_drift(_Last, New, Wall) -> abs(New - Wall).
-else.
send_drift(Last, New, _Wall) -> abs(New - Last).
-endif.

recv(#{node_id := NodeId}, #{node_id := NodeId}, _Wall) ->
    {error, duplicate_node_id};
recv(Local = #{time := Time, node_id := NodeId}, Remote = #{time := RemoteTime}, Wall) ->
    NewTime = lists:max([Wall, Time, RemoteTime]),
    if
        abs(RemoteTime - Wall) > ?MAX_DRIFT_MS -> {error, remote_drift_violation};
        abs(NewTime - Wall) > ?MAX_DRIFT_MS -> {error, clock_drift_violation};
        true -> {ok, stamp(NewTime, merged_counter(NewTime, Local, Remote), NodeId)}
    end.

merged_counter(Time, #{time := Time, counter := A}, #{time := Time, counter := B}) -> max(A, B) + 1;
merged_counter(Time, #{time := Time, counter := Counter}, _Remote) -> Counter + 1;
merged_counter(Time, _Local, #{time := Time, counter := Counter}) -> Counter + 1;
merged_counter(_Time, _Local, _Remote) -> 0.

%% A counter that no longer fits raises; the restarted clock then begins below what it has given.
stamp(Time, Counter, NodeId) when Counter =< ?MAX_COUNTER ->
    #{
        '__struct__' => 'Elixir.HLClock.Timestamp',
        time => Time,
        counter => Counter,
        node_id => NodeId
    };
stamp(_Time, Counter, _NodeId) ->
    error({counter_exceeds_two_bytes, Counter}).

wall_time() ->
    os:system_time(millisecond).

schedule() ->
    erlang:send_after(?MAX_DRIFT_MS div 2, self(), periodic_send).
