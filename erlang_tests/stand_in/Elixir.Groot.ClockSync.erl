%% Every three seconds: this node's stamp to one random visible node.
-module('Elixir.Groot.ClockSync').
-behaviour(gen_server).

-export([start_link/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(CLOCK, 'Elixir.Groot.Clock').
-define(INTERVAL_MS, 3_000).

start_link(_Args) ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

init([]) ->
    schedule(),
    {ok, #{sync_interval => ?INTERVAL_MS, clock => ?CLOCK}}.

%% Stock defines no call, which ends the process that receives one.
handle_call(Request, _From, _State) ->
    error({bad_call, Request}).

%% The answer of the clock, a refusal included, is ignored; any other cast is fatal.
handle_cast({sync_remote_clock, Stamp}, State) ->
    _ = gen_server:call(?CLOCK, {recv_timestamp, Stamp}),
    {noreply, State}.

handle_info(sync, State) ->
    case nodes() of
        [] ->
            ok;
        Nodes ->
            Node = lists:nth(rand:uniform(length(Nodes)), Nodes),
            {ok, Stamp} = gen_server:call(?CLOCK, send_timestamp),
            gen_server:cast({?MODULE, Node}, {sync_remote_clock, Stamp})
    end,
    schedule(),
    {noreply, State};
handle_info(_Other, State) ->
    {noreply, State}.

schedule() ->
    erlang:send_after(?INTERVAL_MS, self(), sync).
