# Writes elixir_text.txt: how Elixir shows the terms of terms.txt.
#
#   elixir elixir_text.exs > elixir_text.txt
#
# A line is `name text`, the text in hex; only terms that Elixir reads back from it.
options = [limit: :infinity, printable_limit: :infinity, width: :infinity]

for line <- File.stream!(Path.join(__DIR__, "terms.txt")) do
  [name, hex | _] = String.split(line)
  term = :erlang.binary_to_term(<<131>> <> Base.decode16!(hex, case: :lower))
  text = inspect(term, options)

  readable =
    try do
      elem(Code.eval_string(text), 0) === term
    rescue
      _ -> false
    end

  if readable, do: IO.puts("#{name} #{Base.encode16(text, case: :lower)}")
end
