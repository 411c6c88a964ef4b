using System.Globalization;
using System.Text;
using System.Text.Json;

namespace BinarySize.IO;

/// <summary>A JSON document that is not what it should be, with the line (from 1) where that shows.</summary>
public sealed class BadJsonException(string message, int line) : Exception(message)
{
    /// <summary>Line in the file, counted from 1.</summary>
    public int Line { get; } = line;
}

/// <summary>
/// A JSON value that knows its line. For files that people edit and tools merge: nothing is guessed, a key that stands there
/// twice, left-over merge markers, a comment or a trailing comma are errors.
/// </summary>
internal sealed class StrictJson
{
    private const int MaxDepth = 1000;

    private readonly JsonTokenType _type;
    private readonly string _text;
    private readonly Dictionary<string, StrictJson>? _members;
    private readonly List<StrictJson>? _items;

    private StrictJson(int line, JsonTokenType type, string text = "", Dictionary<string, StrictJson>? members = null, List<StrictJson>? items = null) =>
        (Line, _type, _text, _members, _items) = (line, type, text, members, items);

    /// <summary>Line in the file, counted from 1.</summary>
    public int Line { get; }

    public bool IsNull => _type == JsonTokenType.Null;

    /// <summary>Reads a document of UTF-8, with or without a byte-order mark.</summary>
    public static StrictJson Parse(ReadOnlySpan<byte> utf8)
    {
        if (utf8.StartsWith(Encoding.UTF8.Preamble)) utf8 = utf8[Encoding.UTF8.Preamble.Length..];
        FindMarkers(utf8);
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        var lines = new LineCounter();
        try
        {
            if (!reader.Read()) throw new BadJsonException("it is empty", 1);
            StrictJson value = Read(ref reader, utf8, lines);
            if (reader.Read()) throw new BadJsonException("something follows its end", lines.At(utf8, reader.TokenStartIndex));
            return value;
        }
        catch (JsonException e)
        {
            string what = e.Message;
            int position = what.IndexOf(" LineNumber:", StringComparison.Ordinal);
            throw new BadJsonException(utf8.IsEmpty ? "it is empty" : "it is no JSON: " + (position > 0 ? what[..position] : what), (int)Math.Min(e.LineNumber ?? 0, int.MaxValue - 1) + 1);
        }
        catch (InvalidOperationException)
        {
            // Text that is no valid UTF-8 or UTF-16.
            throw new BadJsonException("it is no valid UTF-8", lines.At(utf8, reader.TokenStartIndex));
        }
    }

    /// <summary>The members of an object, in the order of the file.</summary>
    public IReadOnlyDictionary<string, StrictJson> Members => _members ?? throw Expected("an object");

    /// <summary>The items of an array.</summary>
    public IReadOnlyList<StrictJson> Items => _items ?? throw Expected("an array");

    /// <summary>A text.</summary>
    public string Text => _type == JsonTokenType.String ? _text : throw Expected("a text");

    public bool Flag => _type switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Expected("true or false"),
    };

    /// <summary>A whole number from 0 to <paramref name="most"/>.</summary>
    public long Number(long most = long.MaxValue)
    {
        if (_type != JsonTokenType.Number) throw Expected("a number");
        if (_text.StartsWith('-')) throw new BadJsonException($"{Shown} is negative", Line);
        if (!_text.All(char.IsAsciiDigit)) throw new BadJsonException($"{Shown} is no whole number", Line);
        if (!long.TryParse(_text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) || value > most) throw new BadJsonException($"{Shown} is more than anything can have", Line);
        return value;
    }

    /// <summary>A whole number of either sign.</summary>
    public long Signed => _type == JsonTokenType.Number && long.TryParse(_text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : throw Expected("a whole number");

    /// <summary>A member that must be there.</summary>
    public StrictJson this[string name] => Members.TryGetValue(name, out StrictJson? value) ? value : throw new BadJsonException($"\"{name}\" is missing", Line);

    /// <summary>A member that may be there; null where it is not, or is null.</summary>
    public StrictJson? Optional(string name) => Members.TryGetValue(name, out StrictJson? value) && !value.IsNull ? value : null;

    /// <summary>Refuses members that are none of these.</summary>
    public void Only(params ReadOnlySpan<string> names)
    {
        foreach ((string name, StrictJson value) in Members)
        {
            if (!names.Contains(name)) throw new BadJsonException($"\"{Short(name)}\" is not known here; known are: {string.Join(", ", names!)}", value.Line);
        }
    }

    private string Shown => Short(_text);

    private static string Short(string text) => text.Length <= 60 ? text : text[..60] + "...";

    private BadJsonException Expected(string what) => new($"{what} is needed here", Line);

    private static StrictJson Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8, LineCounter lines)
    {
        int line = lines.At(utf8, reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var members = new Dictionary<string, StrictJson>(StringComparer.Ordinal);
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    string name = reader.GetString()!;
                    int at = lines.At(utf8, reader.TokenStartIndex);
                    reader.Read();
                    if (!members.TryAdd(name, Read(ref reader, utf8, lines))) throw new BadJsonException($"\"{Short(name)}\" stands there twice", at);
                }
                return new StrictJson(line, JsonTokenType.StartObject, members: members);
            case JsonTokenType.StartArray:
                var items = new List<StrictJson>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items.Add(Read(ref reader, utf8, lines));
                return new StrictJson(line, JsonTokenType.StartArray, items: items);
            case JsonTokenType.String:
                return new StrictJson(line, JsonTokenType.String, reader.GetString()!);
            case JsonTokenType.Number:
                return new StrictJson(line, JsonTokenType.Number, Encoding.ASCII.GetString(reader.ValueSpan));
            default:
                return new StrictJson(line, reader.TokenType);
        }
    }

    // What git leaves behind where both sides changed the same lines.
    private static void FindMarkers(ReadOnlySpan<byte> utf8)
    {
        int line = 1;
        foreach (Range range in utf8.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> text = utf8[range];
            if (text.StartsWith("<<<<<<< "u8) || text.StartsWith(">>>>>>> "u8) || text.StartsWith("||||||| "u8) || text.TrimEnd((byte)'\r').SequenceEqual("======="u8))
            {
                throw new BadJsonException("a merge left its conflict markers in it", line);
            }
            line++;
        }
    }

    /// <summary>Lines of ascending positions.</summary>
    private sealed class LineCounter
    {
        private long _at;
        private int _line = 1;

        public int At(ReadOnlySpan<byte> utf8, long position)
        {
            if (position > _at)
            {
                _line += utf8[(int)_at..(int)position].Count((byte)'\n');
                _at = position;
            }
            return _line;
        }
    }
}
