%% Starts the three registered processes under a supervisor that restarts each one alone.
-module('Elixir.Groot.Application').
-behaviour(application).
-behaviour(supervisor).

-export([start/2, stop/1]).
-export([init/1]).

start(_Type, _Args) ->
    supervisor:start_link({local, 'Elixir.Groot.Supervisor'}, ?MODULE, []).

stop(_State) ->
    ok.

%% Three restarts in five seconds, Elixir's default: one more and the whole application is down.
init([]) ->
    NodeId = binary:decode_unsigned(crypto:strong_rand_bytes(8)),
    Children = [
        child('Elixir.HLClock', 'Elixir.HLClock.Server', ['Elixir.Groot.Clock', NodeId]),
        child('Elixir.Groot.ClockSync', 'Elixir.Groot.ClockSync', [[]]),
        child('Elixir.Groot.Storage', 'Elixir.Groot.Storage', [[]])
    ],
    {ok, {#{strategy => one_for_one, intensity => 3, period => 5}, Children}}.

child(Id, Module, Args) ->
    #{id => Id, start => {Module, start_link, Args}}.
