%% What a raw_peer says and hears where FRAGMENTS is negotiated: every frame has a distribution
%% header, and a large message is cut in fragments, numbered down to 1.
-module(fragments).

-export([connect/2, flags/0]).
-export([whole/1, whole/2, cut/4, first/3, next/3]).
-export([reader/0, receive_message/2, receive_frame/2]).
-export_type([reader/0]).

%% The parts of the messages that are not whole yet, by sequence, newest first.
-type reader() :: #{non_neg_integer() => {pos_integer(), [binary()]}}.

-define(TIMEOUT_MS, 20_000).

%% ------------------------------------------------------------------ said

connect(Node, Name) ->
    {ok, Peer} = raw_peer:connect(Node, Name, cluster:cookie(), flags()),
    Peer.

%% The complete set for a hidden node.
flags() -> 16#D07DF5FBC.

whole(Control) ->
    raw_peer:framed([<<131, 68, 0>>, term(Control)]).

whole(Control, Message) ->
    raw_peer:framed([<<131, 68, 0>>, term(Control), term(Message)]).

%% The frames of a message in parts of Size bytes.
cut(Sequence, Control, Message, Size) ->
    [First | Parts] = parts(<<(term(Control))/binary, (term(Message))/binary>>, Size),
    [first(Sequence, length(Parts) + 1, First) | further(Sequence, Parts)].

further(_Sequence, []) -> [];
further(Sequence, Parts = [Part | Rest]) -> [next(Sequence, length(Parts), Part) | further(Sequence, Rest)].

first(Sequence, Id, Part) ->
    raw_peer:framed([<<131, 69, Sequence:64, Id:64, 0>>, Part]).

next(Sequence, Id, Part) ->
    raw_peer:framed([<<131, 70, Sequence:64, Id:64>>, Part]).

term(Term) ->
    <<131, Bytes/binary>> = term_to_binary(Term),
    Bytes.

parts(Bytes, Size) when byte_size(Bytes) =< Size -> [Bytes];
parts(Bytes, Size) ->
    <<Part:Size/binary, Rest/binary>> = Bytes,
    [Part | parts(Rest, Size)].

%% ------------------------------------------------------------------ heard

-spec reader() -> reader().
reader() -> #{}.

%% The next message that is whole, {Control} or {Control, Message}, or `tick`, and the bytes read for it.
receive_message(Peer, Reader) ->
    receive_message(Peer, Reader, 0).

receive_message(Peer, Reader, Bytes) ->
    case receive_frame(Peer, Reader) of
        {fragment, More, Next} -> receive_message(Peer, Next, Bytes + More);
        {Message, More, Next} -> {Message, Bytes + More, Next}
    end.

%% One frame: what receive_message/2 says, or `fragment`.
receive_frame(#{socket := Socket}, Reader) ->
    {ok, <<Length:32>>} = gen_tcp:recv(Socket, 4, ?TIMEOUT_MS),
    {Message, Next} = taken(body(Socket, Length), Reader),
    {Message, 4 + Length, Next}.

body(_Socket, 0) ->
    <<>>;
body(Socket, Length) ->
    {ok, Body} = gen_tcp:recv(Socket, Length, ?TIMEOUT_MS),
    Body.

taken(<<>>, Reader) ->
    {tick, Reader};
taken(<<131, 68, 0, Terms/binary>>, Reader) ->
    {terms(Terms), Reader};
taken(<<131, 69, Sequence:64, Id:64, 0, Part/binary>>, Reader) ->
    false = is_map_key(Sequence, Reader),
    part(Sequence, Id, [Part], Reader);
taken(<<131, 70, Sequence:64, Id:64, Part/binary>>, Reader) ->
    {Id, Parts} = map_get(Sequence, Reader),
    part(Sequence, Id, [Part | Parts], Reader).

part(Sequence, 1, Parts, Reader) ->
    {terms(iolist_to_binary(lists:reverse(Parts))), maps:remove(Sequence, Reader)};
part(Sequence, Id, Parts, Reader) ->
    {fragment, Reader#{Sequence => {Id - 1, Parts}}}.

terms(Terms) ->
    {Control, Used} = binary_to_term(<<131, Terms/binary>>, [used]),
    case Terms of
        <<_:(Used - 1)/binary>> -> {Control};
        <<_:(Used - 1)/binary, Message/binary>> -> {Control, binary_to_term(<<131, Message/binary>>)}
    end.
