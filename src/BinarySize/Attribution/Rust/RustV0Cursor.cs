using System.Text;
using BinarySize.Attribution.Symbols;

namespace BinarySize.Attribution.Rust;

/// <summary>
/// Reads the grammar of Rust's v0 mangling (RFC 2603, https://rust-lang.github.io/rfcs/2603-rust-symbol-name-mangling-v0.html):
/// numbers, identifiers, back references, and how to step over paths, types and constants without looking into them.
/// </summary>
internal ref struct RustV0Cursor(ReadOnlySpan<byte> text)
{
    private readonly ReadOnlySpan<byte> _text = text;

    public int At { get; set; }

    /// <summary>True once something did not read as the grammar says.</summary>
    public bool Failed { get; private set; }

    public readonly byte Peek() => At < _text.Length ? _text[At] : (byte)0;

    public void Fail() => Failed = true;

    public byte Next()
    {
        if (Failed || At >= _text.Length)
        {
            Failed = true;
            return 0;
        }
        return _text[At++];
    }

    public bool Take(char c)
    {
        if (Failed || Peek() != c) return false;
        At++;
        return true;
    }

    /// <summary><c>_</c> is 0; digits of base 62 and <c>_</c> are their value plus 1.</summary>
    public ulong Base62()
    {
        if (Take('_')) return 0;
        ulong value = 0;
        while (!Take('_'))
        {
            byte c = Next();
            uint digit = c switch
            {
                >= (byte)'0' and <= (byte)'9' => c - (uint)'0',
                >= (byte)'a' and <= (byte)'z' => c - (uint)'a' + 10,
                >= (byte)'A' and <= (byte)'Z' => c - (uint)'A' + 36,
                _ => 99,
            };
            if (digit == 99 || value > (ulong.MaxValue - 62) / 62)
            {
                Failed = true;
                return 0;
            }
            value = value * 62 + digit;
        }
        return value + 1;
    }

    /// <summary>0 where <paramref name="tag"/> is not there, else the number behind it plus 1.</summary>
    public ulong Optional62(char tag) => Take(tag) ? Base62() + 1 : 0;

    public ulong Disambiguator() => Optional62('s');

    /// <summary>Where a back reference leads; it must lead back. <see cref="At"/> stands behind its tag.</summary>
    public int BackReference()
    {
        int tag = At - 1;
        ulong target = Base62();
        if (target >= (ulong)tag) Failed = true;
        return Failed ? 0 : (int)target;
    }

    /// <summary>An identifier without its disambiguator.</summary>
    public ReadOnlySpan<byte> Identifier(out bool punycode)
    {
        punycode = Take('u');
        int length = 0, digits = 0;
        while (Peek() is >= (byte)'0' and <= (byte)'9')
        {
            length = length * 10 + (Next() - '0');
            if (++digits > 8 || (digits > 1 && length < 10)) Failed = true;
            if (Failed) return default;
            // A leading zero is the whole number.
            if (length == 0) break;
        }
        if (digits == 0) Failed = true;
        Take('_');
        if (Failed || length > _text.Length - At)
        {
            Failed = true;
            return default;
        }
        ReadOnlySpan<byte> name = _text.Slice(At, length);
        At += length;
        return name;
    }

    /// <summary>Steps over a path. <paramref name="depth"/> guards the stack.</summary>
    public void SkipPath(int depth)
    {
        if (depth > RustV0Demangler.MaxDepth) Failed = true;
        switch (Next())
        {
            case (byte)'C':
                Disambiguator();
                Identifier(out _);
                break;
            case (byte)'N':
                Next();
                SkipPath(depth + 1);
                Disambiguator();
                Identifier(out _);
                break;
            case (byte)'M':
                Disambiguator();
                SkipPath(depth + 1);
                SkipType(depth + 1);
                break;
            case (byte)'X':
                Disambiguator();
                SkipPath(depth + 1);
                SkipType(depth + 1);
                SkipPath(depth + 1);
                break;
            case (byte)'Y':
                SkipType(depth + 1);
                SkipPath(depth + 1);
                break;
            case (byte)'I':
                SkipPath(depth + 1);
                SkipArguments(depth);
                break;
            case (byte)'B':
                BackReference();
                break;
            default:
                Failed = true;
                break;
        }
    }

    /// <summary>Steps over generic arguments up to and with their <c>E</c>.</summary>
    public void SkipArguments(int depth)
    {
        while (!Failed && !Take('E'))
        {
            if (Take('L')) Base62();
            else if (Take('K')) SkipConstant(depth + 1);
            else SkipType(depth + 1);
        }
    }

    /// <summary>Steps over a type.</summary>
    public void SkipType(int depth)
    {
        if (depth > RustV0Demangler.MaxDepth) Failed = true;
        byte c = Next();
        switch (c)
        {
            case (byte)'A':
                SkipType(depth + 1);
                SkipConstant(depth + 1);
                break;
            case (byte)'S' or (byte)'P' or (byte)'O':
                SkipType(depth + 1);
                break;
            case (byte)'R' or (byte)'Q':
                if (Take('L')) Base62();
                SkipType(depth + 1);
                break;
            case (byte)'T':
                while (!Failed && !Take('E')) SkipType(depth + 1);
                break;
            case (byte)'F':
                Optional62('G');
                Take('U');
                if (Take('K') && !Take('C')) Identifier(out _);
                while (!Failed && !Take('E')) SkipType(depth + 1);
                SkipType(depth + 1);
                break;
            case (byte)'D':
                Optional62('G');
                while (!Failed && !Take('E'))
                {
                    SkipPath(depth + 1);
                    while (Take('p'))
                    {
                        Identifier(out _);
                        SkipType(depth + 1);
                    }
                }
                if (Take('L')) Base62();
                else Failed = true;
                break;
            case (byte)'B':
                BackReference();
                break;
            case >= (byte)'a' and <= (byte)'z':
                if (RustV0Demangler.BasicType(c).IsEmpty) Failed = true;
                break;
            default:
                At--;
                SkipPath(depth + 1);
                break;
        }
    }

    /// <summary>Steps over a constant.</summary>
    public void SkipConstant(int depth)
    {
        if (depth > RustV0Demangler.MaxDepth) Failed = true;
        byte c = Next();
        switch (c)
        {
            case (byte)'p':
                break;
            case (byte)'B':
                BackReference();
                break;
            case (byte)'R' or (byte)'Q':
                SkipConstant(depth + 1);
                break;
            case (byte)'A' or (byte)'T':
                while (!Failed && !Take('E')) SkipConstant(depth + 1);
                break;
            case (byte)'V':
                SkipPath(depth + 1);
                switch (Next())
                {
                    case (byte)'U':
                        break;
                    case (byte)'T':
                        while (!Failed && !Take('E')) SkipConstant(depth + 1);
                        break;
                    case (byte)'S':
                        while (!Failed && !Take('E'))
                        {
                            Disambiguator();
                            Identifier(out _);
                            SkipConstant(depth + 1);
                        }
                        break;
                    default:
                        Failed = true;
                        break;
                }
                break;
            default:
                if (RustV0Demangler.BasicType(c).IsEmpty) Failed = true;
                Take('n');
                Hex();
                break;
        }
    }

    /// <summary>Lower-case hexadecimal digits up to <c>_</c>.</summary>
    public ReadOnlySpan<byte> Hex()
    {
        int start = At;
        while (!Failed && !Take('_'))
        {
            if (Next() is not ((>= (byte)'0' and <= (byte)'9') or (>= (byte)'a' and <= (byte)'f'))) Failed = true;
        }
        return Failed ? default : _text[start..(At - 1)];
    }

    /// <summary>Appends an identifier; Punycode (RFC 3492 with '_' for '-') is undone.</summary>
    public static bool AppendIdentifier(ReadOnlySpan<byte> name, bool punycode, TextBuffer text)
    {
        if (!punycode)
        {
            text.Append(name);
            return true;
        }
        // No identifier comes near this; decoding takes time in the square of the length.
        const int maxRunes = 512;
        Span<int> runes = stackalloc int[maxRunes];
        int count = 0, delimiter = name.LastIndexOf((byte)'_');
        if (name.Length > maxRunes) return false;
        for (int k = 0; k < delimiter; k++) runes[count++] = name[k];
        long n = 128, i = 0, bias = 72;
        bool first = true;
        for (int at = delimiter + 1; at < name.Length;)
        {
            long old = i, weight = 1;
            for (long k = 36; ; k += 36)
            {
                if (at >= name.Length) return false;
                int digit = name[at++] switch
                {
                    >= (byte)'a' and <= (byte)'z' and var c => c - 'a',
                    >= (byte)'A' and <= (byte)'Z' and var c => c - 'A',
                    >= (byte)'0' and <= (byte)'9' and var c => c - '0' + 26,
                    _ => -1,
                };
                if (digit < 0) return false;
                i += digit * weight;
                if (i > int.MaxValue) return false;
                long t = Math.Clamp(k - bias, 1, 26);
                if (digit < t) break;
                weight *= 36 - t;
                if (weight > int.MaxValue) return false;
            }
            count++;
            if (count > maxRunes) return false;
            long delta = (i - old) / (first ? 700 : 2);
            first = false;
            delta += delta / count;
            long steps = 0;
            for (; delta > 455; steps += 36) delta /= 35;
            bias = steps + 36 * delta / (delta + 38);
            n += i / count;
            i %= count;
            if (!Rune.IsValid((int)Math.Min(n, int.MaxValue))) return false;
            runes[(int)i..(count - 1)].CopyTo(runes[((int)i + 1)..]);
            runes[(int)i++] = (int)n;
        }
        foreach (int rune in runes[..count]) text.AppendRune(new Rune(rune));
        return true;
    }
}
