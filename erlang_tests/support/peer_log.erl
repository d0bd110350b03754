%% Runs inside a BEAM peer: keeps every event that its logger sees from `warning` up, as text.
-module(peer_log).

-export([install/0, events/0, clear/0, log/2]).

-define(TABLE, ?MODULE).

install() ->
    %% The table needs an owner that outlives the remote call.
    keeper:start(fun() -> ?TABLE = ets:new(?TABLE, [named_table, public, ordered_set]) end),
    logger:add_handler(?MODULE, ?MODULE, #{level => warning}).

%% [{Level, Text}], oldest first.
events() ->
    [Event || {_, Event} <- ets:tab2list(?TABLE)].

clear() ->
    true = ets:delete_all_objects(?TABLE),
    ok.

log(Event = #{level := Level}, _Config) ->
    Text = logger_formatter:format(Event, #{single_line => true, template => [msg]}),
    ets:insert(?TABLE, {erlang:unique_integer([monotonic]), {Level, unicode:characters_to_binary(Text)}}).
