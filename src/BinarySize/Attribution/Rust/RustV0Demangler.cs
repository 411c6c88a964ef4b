using System.Globalization;
using System.Text;
using BinarySize.Attribution.Symbols;

namespace BinarySize.Attribution.Rust;

/// <summary>Demangles Rust's v0 names (<c>_R…</c>, RFC 2603); crate disambiguators and types of constants are left out.</summary>
internal ref struct RustV0Demangler
{
    internal const int MaxDepth = 200;
    private const int MaxSteps = 1 << 18;

    [ThreadStatic]
    private static TextBuffer? t_buffer;

    private readonly TextBuffer _out;
    private RustV0Cursor _cursor;
    private ulong _boundLifetimes;
    private int _steps;

    private RustV0Demangler(ReadOnlySpan<byte> text, TextBuffer output)
    {
        _cursor = new RustV0Cursor(text);
        _out = output;
    }

    /// <summary>What follows "_R", without a suffix that the compiler's optimizer added; empty where it is no such name.</summary>
    public static ReadOnlySpan<byte> Body(ReadOnlySpan<byte> mangled)
    {
        if (!mangled.StartsWith("_R"u8)) return default;
        ReadOnlySpan<byte> body = mangled[2..];
        int suffix = body.IndexOfAny((byte)'.', (byte)'$');
        if (suffix >= 0) body = body[..suffix];
        // A version number would stand here; there is none but the first.
        return body.Length > 0 && body[0] is >= (byte)'A' and <= (byte)'Z' ? body : default;
    }

    public static bool TryDemangle(ReadOnlySpan<byte> mangled, out string demangled)
    {
        demangled = "";
        ReadOnlySpan<byte> body = Body(mangled);
        if (body.IsEmpty) return false;
        TextBuffer text = t_buffer ??= new TextBuffer();
        text.Clear();
        var demangler = new RustV0Demangler(body, text);
        demangler.Path(inValue: true, 0);
        // The crate that a generic was instantiated in may follow.
        if (!demangler._cursor.Failed && demangler._cursor.At < body.Length) demangler._cursor.SkipPath(0);
        if (demangler._cursor.Failed || text.Overflowed || demangler._cursor.At < body.Length) return false;
        demangled = text.ToString();
        return true;
    }

    /// <summary>The name of a type of one letter; empty where there is none.</summary>
    public static ReadOnlySpan<byte> BasicType(byte letter) => letter switch
    {
        (byte)'a' => "i8"u8,
        (byte)'b' => "bool"u8,
        (byte)'c' => "char"u8,
        (byte)'d' => "f64"u8,
        (byte)'e' => "str"u8,
        (byte)'f' => "f32"u8,
        (byte)'h' => "u8"u8,
        (byte)'i' => "isize"u8,
        (byte)'j' => "usize"u8,
        (byte)'l' => "i32"u8,
        (byte)'m' => "u32"u8,
        (byte)'n' => "i128"u8,
        (byte)'o' => "u128"u8,
        (byte)'p' => "_"u8,
        (byte)'s' => "i16"u8,
        (byte)'t' => "u16"u8,
        (byte)'u' => "()"u8,
        (byte)'v' => "..."u8,
        (byte)'x' => "i64"u8,
        (byte)'y' => "u64"u8,
        (byte)'z' => "!"u8,
        _ => default,
    };

    // False, and the name fails, where a limit is reached.
    private bool Enter(int depth)
    {
        if (depth > MaxDepth || ++_steps > MaxSteps || _out.Overflowed) _cursor.Fail();
        return !_cursor.Failed;
    }

    private void Identifier()
    {
        ReadOnlySpan<byte> name = _cursor.Identifier(out bool punycode);
        if (!RustV0Cursor.AppendIdentifier(name, punycode, _out)) _cursor.Fail();
    }

    private void Path(bool inValue, int depth)
    {
        if (!Enter(depth)) return;
        byte tag = _cursor.Next();
        switch (tag)
        {
            case (byte)'C':
                _cursor.Disambiguator();
                Identifier();
                break;
            case (byte)'N':
                byte space = _cursor.Next();
                Path(inValue, depth + 1);
                ulong disambiguator = _cursor.Disambiguator();
                ReadOnlySpan<byte> name = _cursor.Identifier(out bool punycode);
                if (space is >= (byte)'A' and <= (byte)'Z')
                {
                    _out.Append("::{"u8);
                    if (space == 'C') _out.Append("closure"u8);
                    else if (space == 'S') _out.Append("shim"u8);
                    else _out.Append(space);
                    if (!name.IsEmpty)
                    {
                        _out.Append((byte)':');
                        if (!RustV0Cursor.AppendIdentifier(name, punycode, _out)) _cursor.Fail();
                    }
                    _out.Append((byte)'#');
                    _out.Append(disambiguator);
                    _out.Append((byte)'}');
                }
                else if (space is < (byte)'a' or > (byte)'z') _cursor.Fail();
                else if (!name.IsEmpty)
                {
                    _out.Append("::"u8);
                    if (!RustV0Cursor.AppendIdentifier(name, punycode, _out)) _cursor.Fail();
                }
                break;
            case (byte)'M' or (byte)'X' or (byte)'Y':
                if (tag != 'Y')
                {
                    // Where the impl stands is no part of what it is called.
                    _cursor.Disambiguator();
                    _cursor.SkipPath(depth + 1);
                }
                _out.Append((byte)'<');
                Type(depth + 1);
                if (tag != 'M')
                {
                    _out.Append(" as "u8);
                    Path(inValue: false, depth + 1);
                }
                _out.Append((byte)'>');
                break;
            case (byte)'I':
                Path(inValue, depth + 1);
                if (inValue) _out.Append("::"u8);
                _out.Append((byte)'<');
                Arguments(depth + 1);
                _out.Append((byte)'>');
                break;
            case (byte)'B':
                if (Jump(out int next))
                {
                    Path(inValue, depth + 1);
                    _cursor.At = next;
                }
                break;
            default:
                _cursor.Fail();
                break;
        }
    }

    private bool Jump(out int next)
    {
        int target = _cursor.BackReference();
        next = _cursor.At;
        if (_cursor.Failed) return false;
        _cursor.At = target;
        return true;
    }

    private void Arguments(int depth)
    {
        for (bool first = true; !_cursor.Failed && !_cursor.Take('E'); first = false)
        {
            if (!first) _out.Append(", "u8);
            if (_cursor.Take('L')) Lifetime(_cursor.Base62());
            else if (_cursor.Take('K')) Constant(depth + 1, inValue: false);
            else Type(depth + 1);
        }
    }

    private void Lifetime(ulong index)
    {
        _out.Append((byte)'\'');
        if (index == 0)
        {
            _out.Append((byte)'_');
            return;
        }
        if (index > _boundLifetimes)
        {
            _cursor.Fail();
            return;
        }
        ulong depth = _boundLifetimes - index;
        if (depth < 26) _out.Append((byte)('a' + depth));
        else
        {
            _out.Append((byte)'_');
            _out.Append(depth);
        }
    }

    private void Binder()
    {
        ulong count = _cursor.Optional62('G');
        if (count == 0) return;
        // Each one takes a byte of output at least, and each needs a name.
        if (count > 10_000)
        {
            _cursor.Fail();
            return;
        }
        _out.Append("for<"u8);
        for (ulong i = 0; i < count; i++)
        {
            if (i > 0) _out.Append(", "u8);
            _boundLifetimes++;
            Lifetime(1);
        }
        _out.Append("> "u8);
    }

    private void Type(int depth)
    {
        if (!Enter(depth)) return;
        byte tag = _cursor.Next();
        ReadOnlySpan<byte> basic = BasicType(tag);
        if (!basic.IsEmpty)
        {
            _out.Append(basic);
            return;
        }
        switch (tag)
        {
            case (byte)'R' or (byte)'Q':
                _out.Append((byte)'&');
                if (_cursor.Take('L'))
                {
                    ulong lifetime = _cursor.Base62();
                    if (lifetime != 0)
                    {
                        Lifetime(lifetime);
                        _out.Append((byte)' ');
                    }
                }
                if (tag == 'Q') _out.Append("mut "u8);
                Type(depth + 1);
                break;
            case (byte)'P' or (byte)'O':
                _out.Append(tag == 'P' ? "*const "u8 : "*mut "u8);
                Type(depth + 1);
                break;
            case (byte)'A' or (byte)'S':
                _out.Append((byte)'[');
                Type(depth + 1);
                if (tag == 'A')
                {
                    _out.Append("; "u8);
                    Constant(depth + 1, inValue: true);
                }
                _out.Append((byte)']');
                break;
            case (byte)'T':
                _out.Append((byte)'(');
                int count = 0;
                for (; !_cursor.Failed && !_cursor.Take('E'); count++)
                {
                    if (count > 0) _out.Append(", "u8);
                    Type(depth + 1);
                }
                _out.Append(count == 1 ? ",)"u8 : ")"u8);
                break;
            case (byte)'F':
                Function(depth);
                break;
            case (byte)'D':
                ulong outer = _boundLifetimes;
                _out.Append("dyn "u8);
                Binder();
                for (bool first = true; !_cursor.Failed && !_cursor.Take('E'); first = false)
                {
                    if (!first) _out.Append(" + "u8);
                    DynTrait(depth + 1);
                }
                _boundLifetimes = outer;
                if (!_cursor.Take('L'))
                {
                    _cursor.Fail();
                    break;
                }
                ulong bound = _cursor.Base62();
                if (bound != 0)
                {
                    _out.Append(" + "u8);
                    Lifetime(bound);
                }
                break;
            case (byte)'B':
                if (Jump(out int next))
                {
                    Type(depth + 1);
                    _cursor.At = next;
                }
                break;
            default:
                if (_cursor.Failed) break;
                _cursor.At--;
                Path(inValue: false, depth + 1);
                break;
        }
    }

    private void Function(int depth)
    {
        ulong outer = _boundLifetimes;
        Binder();
        if (_cursor.Take('U')) _out.Append("unsafe "u8);
        if (_cursor.Take('K'))
        {
            _out.Append("extern \""u8);
            if (_cursor.Take('C')) _out.Append((byte)'C');
            else
            {
                foreach (byte c in _cursor.Identifier(out _)) _out.Append(c == '_' ? (byte)'-' : c);
            }
            _out.Append("\" "u8);
        }
        _out.Append("fn("u8);
        for (bool first = true; !_cursor.Failed && !_cursor.Take('E'); first = false)
        {
            if (!first) _out.Append(", "u8);
            Type(depth + 1);
        }
        _out.Append((byte)')');
        if (!_cursor.Take('u'))
        {
            _out.Append(" -> "u8);
            Type(depth + 1);
        }
        _boundLifetimes = outer;
    }

    private void DynTrait(int depth)
    {
        bool open = OpenPath(depth);
        while (_cursor.Take('p'))
        {
            _out.Append(open ? ", "u8 : "<"u8);
            open = true;
            Identifier();
            _out.Append(" = "u8);
            Type(depth + 1);
        }
        if (open) _out.Append((byte)'>');
    }

    // A path whose generic arguments are left open, for associated types to join them.
    private bool OpenPath(int depth)
    {
        if (!Enter(depth)) return false;
        if (_cursor.Take('B'))
        {
            bool open = false;
            if (Jump(out int next))
            {
                open = OpenPath(depth + 1);
                _cursor.At = next;
            }
            return open;
        }
        if (_cursor.Take('I'))
        {
            Path(inValue: false, depth + 1);
            _out.Append((byte)'<');
            Arguments(depth + 1);
            return true;
        }
        Path(inValue: false, depth + 1);
        return false;
    }

    private void Constant(int depth, bool inValue)
    {
        if (!Enter(depth)) return;
        byte tag = _cursor.Next();
        switch (tag)
        {
            case (byte)'p':
                _out.Append((byte)'_');
                break;
            case (byte)'B':
                if (Jump(out int next))
                {
                    Constant(depth + 1, inValue);
                    _cursor.At = next;
                }
                break;
            case (byte)'b':
                ReadOnlySpan<byte> truth = _cursor.Hex();
                if (truth is [(byte)'0']) _out.Append("false"u8);
                else if (truth is [(byte)'1']) _out.Append("true"u8);
                else _cursor.Fail();
                break;
            case (byte)'c':
                Character();
                break;
            case (byte)'e':
                // A string by itself is a str; a reference takes the star away.
                Braced(inValue, '*');
                StringLiteral();
                Close(inValue);
                break;
            case (byte)'R' or (byte)'Q':
                if (tag == 'R' && _cursor.Take('e'))
                {
                    StringLiteral();
                    break;
                }
                Braced(inValue, '&');
                if (tag == 'Q') _out.Append("mut "u8);
                Constant(depth + 1, inValue: true);
                Close(inValue);
                break;
            case (byte)'A' or (byte)'T':
                Braced(inValue, tag == 'A' ? '[' : '(');
                int count = Constants(depth);
                if (tag == 'A') _out.Append((byte)']');
                else _out.Append(count == 1 ? ",)"u8 : ")"u8);
                Close(inValue);
                break;
            case (byte)'V':
                if (!inValue) _out.Append((byte)'{');
                Path(inValue: true, depth + 1);
                switch (_cursor.Next())
                {
                    case (byte)'U':
                        break;
                    case (byte)'T':
                        _out.Append((byte)'(');
                        Constants(depth);
                        _out.Append((byte)')');
                        break;
                    case (byte)'S':
                        _out.Append(" { "u8);
                        for (bool first = true; !_cursor.Failed && !_cursor.Take('E'); first = false)
                        {
                            if (!first) _out.Append(", "u8);
                            _cursor.Disambiguator();
                            Identifier();
                            _out.Append(": "u8);
                            Constant(depth + 1, inValue: true);
                        }
                        _out.Append(" }"u8);
                        break;
                    default:
                        _cursor.Fail();
                        break;
                }
                Close(inValue);
                break;
            case (byte)'a' or (byte)'s' or (byte)'l' or (byte)'x' or (byte)'n' or (byte)'i' or (byte)'h' or (byte)'t' or (byte)'m' or (byte)'y' or (byte)'o' or (byte)'j':
                if (_cursor.Take('n')) _out.Append((byte)'-');
                ReadOnlySpan<byte> hex = _cursor.Hex();
                if (_cursor.Failed) break;
                if (hex.Length <= 16 && ulong.TryParse(hex.IsEmpty ? "0"u8 : hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value)) _out.Append(value);
                else
                {
                    _out.Append("0x"u8);
                    _out.Append(hex);
                }
                break;
            default:
                _cursor.Fail();
                break;
        }
    }

    private int Constants(int depth)
    {
        int count = 0;
        for (; !_cursor.Failed && !_cursor.Take('E'); count++)
        {
            if (count > 0) _out.Append(", "u8);
            Constant(depth + 1, inValue: true);
        }
        return count;
    }

    // Compound constants stand in braces where a type could stand.
    private readonly void Braced(bool inValue, char opening)
    {
        if (!inValue) _out.Append((byte)'{');
        _out.Append((byte)opening);
    }

    private readonly void Close(bool inValue)
    {
        if (!inValue) _out.Append((byte)'}');
    }

    private void Character()
    {
        ReadOnlySpan<byte> hex = _cursor.Hex();
        if (_cursor.Failed || hex.Length > 8 || !uint.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value) || !Rune.TryCreate(value, out Rune rune))
        {
            _cursor.Fail();
            return;
        }
        _out.Append((byte)'\'');
        Escaped(rune, '\'');
        _out.Append((byte)'\'');
    }

    private void StringLiteral()
    {
        ReadOnlySpan<byte> hex = _cursor.Hex();
        if (_cursor.Failed || hex.Length % 2 != 0)
        {
            _cursor.Fail();
            return;
        }
        _out.Append((byte)'"');
        byte[] utf8 = Convert.FromHexString(Encoding.ASCII.GetString(hex));
        foreach (Rune rune in Encoding.UTF8.GetString(utf8).EnumerateRunes()) Escaped(rune, '"');
        _out.Append((byte)'"');
    }

    private readonly void Escaped(Rune rune, char quote)
    {
        switch (rune.Value)
        {
            case '\t':
                _out.Append("\\t"u8);
                break;
            case '\r':
                _out.Append("\\r"u8);
                break;
            case '\n':
                _out.Append("\\n"u8);
                break;
            case '\\':
                _out.Append("\\\\"u8);
                break;
            case var c when c == quote:
                _out.Append((byte)'\\');
                _out.Append((byte)quote);
                break;
            case < 0x20 or 0x7F:
                _out.Append("\\u{"u8);
                Span<byte> digits = stackalloc byte[8];
                rune.Value.TryFormat(digits, out int n, "x", CultureInfo.InvariantCulture);
                _out.Append(digits[..n]);
                _out.Append((byte)'}');
                break;
            default:
                _out.AppendRune(rune);
                break;
        }
    }
}
