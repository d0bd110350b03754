#!/usr/bin/env escript
%%! -kernel logger_level none
%% Writes verdicts.txt: what binary_to_term says to a few thousand damaged or unusual terms.
%%
%%   escript verdicts.escript > verdicts.txt
%%
%% A line is `name bytes used again`: the bytes without version byte, how many of them
%% binary_to_term used or `-` when it refused, and what term_to_binary makes of the result, or `-`.
%% The names begin with the term of terms.txt that was damaged, or are those of unusual/0.
main([]) ->
    rand:seed(exsss, {1, 2, 3}),
    Terms = read_terms(),
    Short = [T || {Name, Bytes} = T <- Terms, byte_size(Bytes) =< 100,
                  string:prefix(Name, "fun_") == nomatch],
    [verdict(Name, Bytes) || {Name, Bytes} <- unusual()],
    [verdict(Name ++ "/" ++ integer_to_list(I), mutate(Bytes, Short))
     || {Name, Bytes} <- Short, I <- lists:seq(1, 16)],
    ok.

read_terms() ->
    Path = filename:join(filename:dirname(escript:script_name()), "terms.txt"),
    {ok, File} = file:read_file(Path),
    lists:append([begin
                      [Name, Old, New | _] = string:split(Line, " ", all),
                      lists:usort([{binary_to_list(Name), binary:decode_hex(Old)},
                                   {binary_to_list(Name), binary:decode_hex(New)}])
                  end || Line <- binary:split(File, <<"\n">>, [global, trim])]).

verdict(Name, Bytes0) ->
    Bytes = own_fun(Bytes0),
    {Used, Again} =
        try
            {Term, N} = binary_to_term(<<131, Bytes/binary>>, [used]),
            <<131, B/binary>> = term_to_binary(Term, [{minor_version, 2}]),
            {integer_to_list(N - 1), hex(B)}
        catch
            error:badarg -> {"-", "-"}
        end,
    io:format("~s ~s ~s ~s~n", [Name, hex(Bytes), Used, Again]).

hex(<<>>) -> ".";
hex(Bytes) -> string:lowercase(binary:encode_hex(Bytes)).

%% The emulator keeps one entry for all funs of one module, index and uniq, and can crash when they
%% disagree in arity. So each fun gets an index and a uniq of its own. It also crashes on a fun whose
%% creator is no pid (OTP 25): no fun is damaged at random.
own_fun(<<112, Size:32, Arity, _:128, _:32, Rest/binary>>) ->
    Own = erlang:unique_integer([positive, monotonic]),
    <<112, Size:32, Arity, Own:128, Own:32, Rest/binary>>;
own_fun(Bytes) -> Bytes.

mutate(Bytes, All) ->
    Mutated = step(rand:uniform(9), Bytes, All),
    case rand:uniform(3) of
        1 -> mutate(Mutated, All);
        _ -> Mutated
    end.

step(_, <<>>, _) -> <<97>>;
step(1, B, _) -> set(B, fun(Old) -> Old bxor (1 bsl (rand:uniform(8) - 1)) end);
step(2, B, _) -> set(B, fun(_) -> rand:uniform(256) - 1 end);
step(3, B, _) -> set(B, fun(_) -> pick([0, 1, 2, 3, 127, 128, 255]) end);
step(4, B, _) -> set(B, fun(_) -> pick(tags()) end);
step(5, B, _) ->
    {Head, <<_, Tail/binary>>} = split(B, byte_size(B) - 1),
    <<Head/binary, Tail/binary>>;
step(6, B, _) ->
    {Head, Tail} = split(B, byte_size(B)),
    <<Head/binary, (pick(tags())), Tail/binary>>;
step(7, B, _) -> element(1, split(B, byte_size(B)));
step(8, B, All) ->
    {_, Other} = pick(All),
    {Head, _} = split(B, byte_size(B)),
    {_, Tail} = split(Other, byte_size(Other)),
    <<Head/binary, Tail/binary>>;
step(9, <<_, Rest/binary>>, _) -> <<(pick(tags())), Rest/binary>>.

set(B, Change) ->
    {Head, <<Old, Tail/binary>>} = split(B, byte_size(B) - 1),
    <<Head/binary, (Change(Old)), Tail/binary>>.

split(B, Max) ->
    At = rand:uniform(Max + 1) - 1,
    split_binary(B, At).

pick(List) -> lists:nth(rand:uniform(length(List)), List).

%% Every tag there is, and some that there are not. Not NEW_FUN_EXT: see own_fun/1.
tags() -> [68, 69, 70, 77, 78, 80, 82, 88, 89, 90] ++ lists:seq(97, 111) ++ lists:seq(113, 121)
              ++ [131, 0, 255].

node_atom() -> <<119, 3, "a@b">>.

float_text(Text) -> <<99, Text/binary, 0:(8 * (31 - byte_size(Text)))>>.

new_fun(Free, Index, Uniq, Pid, SizeOff) ->
    Body = <<1, 0:128, 7:32, Free:32, 119, 1, $m, Index/binary, Uniq/binary, Pid/binary,
             (binary:copy(<<106>>, Free))/binary>>,
    <<112, (byte_size(Body) + 4 + SizeOff):32, Body/binary>>.

unusual() ->
    N = node_atom(),
    I = <<97, 1>>,
    Pid = <<88, N/binary, 1:32, 2:32, 3:32>>,
    [{"nothing", <<>>},
     {"list_0_atom", <<108, 0:32, 119, 1, "a">>}, {"list_0_nil", <<108, 0:32, 106>>},
     {"list_0_0_nil", <<108, 0:32, 108, 0:32, 106>>}, {"list_no_tail", <<108, 1:32, 97, 1>>},
     {"list_tail_list", <<108, 1:32, 97, 1, 108, 1:32, 97, 2, 106>>},
     {"list_tail_string", <<108, 1:32, 97, 1, 107, 2:16, 2, 3>>},
     {"list_tail_big_string", <<108, 1:32, 98, 256:32, 107, 2:16, 2, 3>>},
     {"list_of_bytes", <<108, 2:32, 98, 1:32, 110, 1, 0, 2, 106>>},
     {"list_too_many", <<108, 16#ffffffff:32, 106>>}, {"string_0", <<107, 0:16>>},
     {"tuple_large_2", <<105, 2:32, 106, 106>>}, {"tuple_large_0", <<105, 0:32>>},
     {"tuple_too_many", <<105, 16#ffffffff:32, 106>>}, {"map_too_many", <<116, 16#80000000:32, 106>>},
     {"bits_0_0", <<77, 0:32, 0>>}, {"bits_0_8", <<77, 0:32, 8>>}, {"bits_1_0", <<77, 1:32, 0, 1>>},
     {"bits_1_8", <<77, 1:32, 8, 1>>}, {"bits_1_9", <<77, 1:32, 9, 1>>},
     {"bits_dirty", <<77, 2:32, 3, 1, 255>>},
     {"big_0", <<110, 0, 0>>}, {"big_0_negative", <<110, 0, 1>>}, {"big_zero", <<110, 3, 1, 0, 0, 0>>},
     {"big_sign_7", <<110, 1, 7, 9>>}, {"big_leading_0", <<110, 3, 0, 9, 0, 0>>},
     {"big_byte", <<110, 1, 0, 255>>}, {"big_int_max", <<110, 4, 0, 255, 255, 255, 127>>},
     {"big_int_min", <<110, 4, 1, 0, 0, 0, 128>>}, {"big_below_int", <<110, 4, 1, 1, 0, 0, 128>>},
     {"large_big_small", <<111, 2:32, 0, 1, 1>>},
     {"large_big_255", <<111, 255:32, 0, (binary:copy(<<1>>, 255))/binary>>},
     {"int_wide", <<98, 5:32>>}, {"int_minus", <<98, -5:32>>},
     {"nan", <<70, 16#7ff8000000000000:64>>}, {"infinity", <<70, 16#7ff0000000000000:64>>},
     {"minus_infinity", <<70, 16#fff0000000000000:64>>}, {"denormal", <<70, 1:64>>},
     {"float_map_zeros", <<116, 2:32, 70, 0:64, 106, 70, 1:1, 0:63, 106>>},
     {"atom_256", <<100, 256:16, (binary:copy(<<"a">>, 256))/binary>>},
     {"atom_255", <<100, 255:16, (binary:copy(<<"a">>, 255))/binary>>},
     {"atom_utf8_256", <<118, 256:16, (binary:copy(<<"a">>, 256))/binary>>},
     {"atom_utf8_255", <<118, 255:16, (binary:copy(<<"a">>, 255))/binary>>},
     {"atom_utf8_255_wide", <<118, 1020:16, (binary:copy(<<16#1F600/utf8>>, 255))/binary>>},
     {"atom_utf8_256_wide", <<118, 1024:16, (binary:copy(<<16#1F600/utf8>>, 256))/binary>>},
     {"small_atom_latin", <<115, 1, 16#e9>>}, {"atom_utf8_short", <<118, 1:16, "a">>},
     {"utf8_overlong", <<119, 2, 16#c0, 16#80>>}, {"utf8_surrogate", <<119, 3, 16#ed, 16#a0, 16#80>>},
     {"utf8_before_surrogate", <<119, 3, 16#ed, 16#9f, 16#bf>>},
     {"utf8_ffff", <<119, 3, 16#ef, 16#bf, 16#bf>>}, {"utf8_max", <<119, 4, 16#f4, 16#8f, 16#bf, 16#bf>>},
     {"utf8_beyond", <<119, 4, 16#f4, 16#90, 16#80, 16#80>>}, {"utf8_cut", <<119, 1, 16#c3>>},
     {"utf8_overlong_3", <<119, 3, 16#e0, 16#9f, 16#bf>>},
     {"utf8_overlong_4", <<119, 4, 16#f0, 16#8f, 16#bf, 16#bf>>},
     {"map_twice", <<116, 2:32, 97, 1, 106, 98, 1:32, 106>>},
     {"map_twice_atom", <<116, 2:32, 119, 1, "a", 106, 100, 1:16, "a", 106>>},
     {"map_twice_latin", <<116, 2:32, 119, 2, 16#c3, 16#a9, 106, 100, 1:16, 16#e9, 106>>},
     {"map_latin_bytes", <<116, 2:32, 119, 2, 16#c3, 16#a9, 106, 115, 2, 16#c3, 16#a9, 106>>},
     {"map_twice_in_key", <<116, 1:32, 116, 2:32, 97, 1, 106, 97, 1, 106, 106>>},
     {"map_twice_in_value", <<116, 1:32, 106, 116, 2:32, 97, 1, 106, 97, 1, 106>>},
     {"map_1_and_1.0", <<116, 2:32, 97, 1, 106, 70, 1.0/float, 106>>},
     {"pid_node_nil", <<88, 106, 1:32, 2:32, 3:32>>}, {"pid_max", <<88, N/binary, -1:96>>},
     {"old_pid", <<103, N/binary, 1:32, 2:32, 3>>}, {"old_pid_creation", <<103, N/binary, 1:32, 2:32, 4>>},
     {"old_pid_max", <<103, N/binary, -1:64, 3>>},
     {"port", <<89, N/binary, 16#fffffff:32, 3:32>>}, {"port_29", <<89, N/binary, 16#10000000:32, 3:32>>},
     {"v4_port_small", <<120, N/binary, 7:64, 3:32>>},
     {"old_port", <<102, N/binary, 7:32, 3>>}, {"old_port_29", <<102, N/binary, -1:32, 3>>},
     {"old_port_creation", <<102, N/binary, 7:32, 4>>},
     {"old_ref", <<101, N/binary, 7:32, 3>>}, {"old_ref_creation", <<101, N/binary, 7:32, 4>>},
     {"old_ref_max", <<101, N/binary, 262143:32, 3>>}, {"old_ref_beyond", <<101, N/binary, 262144:32, 3>>},
     {"new_ref_1", <<114, 1:16, N/binary, 3, 1:32>>}, {"new_ref_3", <<114, 3:16, N/binary, 3, 1:32, 2:32, 3:32>>},
     {"new_ref_creation", <<114, 1:16, N/binary, 4, 1:32>>},
     {"new_ref_beyond", <<114, 1:16, N/binary, 3, 262144:32>>},
     {"new_ref_0", <<114, 0:16, N/binary, 3>>},
     {"newer_ref_0", <<90, 0:16, N/binary, 3:32>>}, {"newer_ref_5", <<90, 5:16, N/binary, 3:32, -1:160>>},
     {"newer_ref_6", <<90, 6:16, N/binary, 3:32, -1:192>>},
     {"export_int", <<113, 119, 1, "a", 119, 1, "b", 98, 2:32>>},
     {"export_300", <<113, 119, 1, "a", 119, 1, "b", 98, 300:32>>},
     {"export_negative", <<113, 119, 1, "a", 119, 1, "b", 98, -1:32>>},
     {"export_string", <<113, 107, 1:16, "a", 119, 1, "b", 97, 1>>},
     {"fun", new_fun(1, I, I, Pid, 0)}, {"fun_free_0", new_fun(0, I, I, Pid, 0)},
     {"fun_free_255", new_fun(255, I, I, Pid, 0)}, {"fun_free_256", new_fun(256, I, I, Pid, 0)},
     {"fun_size_more", <<(new_fun(1, I, I, Pid, 1))/binary, 106>>},
     {"fun_size_less", new_fun(1, I, I, Pid, -1)}, {"fun_size_beyond", new_fun(1, I, I, Pid, 1)},
     {"fun_index_wide", new_fun(1, <<98, 5:32>>, I, Pid, 0)},
     {"fun_index_negative", new_fun(1, <<98, -5:32>>, I, Pid, 0)},
     {"fun_index_big", new_fun(1, <<110, 5, 0, 1, 1, 1, 1, 1>>, I, Pid, 0)},
     {"fun_index_nil", new_fun(1, <<106>>, I, Pid, 0)},
     {"fun_uniq_big", new_fun(1, I, <<110, 4, 0, 1, 1, 1, 1>>, Pid, 0)},
     {"fun_pid_old", new_fun(1, I, I, <<103, N/binary, 1:32, 2:32, 3>>, 0)}] ++
    [{"float_" ++ binary_to_list(Text), float_text(Text)} ||
        Text <- [<<"1.5">>, <<"-0.0">>, <<"1,5">>, <<"1.5e10">>, <<"+1.5E+10">>, <<"1.5e-310">>,
                 <<"1.5e400">>, <<"1.5e-400">>, <<"15">>, <<"15.">>, <<".5">>, <<"1.5x">>,
                 <<"1.5e">>, <<"1.5e+">>]] ++
    [{"float_garbage", <<99, "1.5", 0, "abcdefghijklmnopqrstuvwxyz", 0>>}].
