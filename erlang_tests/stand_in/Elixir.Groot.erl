%% The stand-in's public API. Which functions exist is how other nodes tell the versions apart,
%% so the export list follows the macro WITH_DELETE and nothing else.
-module('Elixir.Groot').

-define(STORAGE, 'Elixir.Groot.Storage').

-ifdef(WITH_DELETE).
-export([get/1, set/2, set/3, delete/1]).
-else.
-export([get/1, set/2]).
-endif.

get(Key) ->
    ?STORAGE:get(Key).

-ifdef(WITH_DELETE).

set(Key, Value) ->
    set(Key, Value, nil).

set(Key, Value, ExpiresIn) ->
    gen_server:call(?STORAGE, {set, Key, Value, ExpiresIn}).

delete(Key) ->
    gen_server:call(?STORAGE, {delete, Key}).

-else.

set(Key, Value) ->
    gen_server:call(?STORAGE, {set, Key, Value}).

-endif.
