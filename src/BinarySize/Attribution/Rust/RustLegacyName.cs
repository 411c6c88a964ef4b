using System.Buffers.Text;
using System.Text;
using BinarySize.Attribution.Symbols;

namespace BinarySize.Attribution.Rust;

/// <summary>
/// Rust's legacy mangling: an Itanium nested name whose last component is a hash, <c>_ZN…17h0123456789abcdefE</c>, with
/// punctuation escaped as <c>$LT$</c> and the like.
/// </summary>
internal static class RustLegacyName
{
    // "17h", sixteen hexadecimal digits, "E".
    private const int TailLength = 20;

    [ThreadStatic]
    private static TextBuffer? t_buffer;

    /// <summary>True where <paramref name="mangled"/> ends as legacy names do; a suffix that the optimizer added does not count.</summary>
    public static bool IsLegacy(ReadOnlySpan<byte> mangled) => HashStart(mangled) > 0;

    /// <summary>Offset of "17h…E"; -1 where the name is not of this kind.</summary>
    public static int HashStart(ReadOnlySpan<byte> mangled)
    {
        if (mangled.Length < 3 + 2 + TailLength || !mangled.StartsWith("_ZN"u8)) return -1;
        int end = mangled.Length;
        if (mangled[^1] != 'E')
        {
            end = mangled.IndexOf("E.llvm."u8) + 1;
            if (end == 0) end = mangled.LastIndexOf("E."u8) + 1;
        }
        int start = end - TailLength;
        if (start < 5 || !mangled[start..].StartsWith("17h"u8)) return -1;
        // Real hashes use many digits; a C++ name that looks like one does not.
        int seen = 0;
        foreach (byte c in mangled.Slice(start + 3, 16))
        {
            if (c is >= (byte)'0' and <= (byte)'9') seen |= 1 << (c - '0');
            else if (c is >= (byte)'a' and <= (byte)'f') seen |= 1 << (c - 'a' + 10);
            else return -1;
        }
        return int.PopCount(seen) >= 5 ? start : -1;
    }

    /// <summary>The next component at <paramref name="at"/>; false at the hash or where there is none.</summary>
    public static bool TryNext(ReadOnlySpan<byte> mangled, int hashStart, ref int at, out ReadOnlySpan<byte> component)
    {
        component = default;
        if (at >= hashStart || !Utf8Parser.TryParse(mangled[at..hashStart], out int length, out int digits) || length <= 0 || digits > 9) return false;
        if (length > hashStart - at - digits) return false;
        component = mangled.Slice(at + digits, length);
        at += digits + length;
        return true;
    }

    /// <summary>The readable form, without the hash.</summary>
    public static bool TryDemangle(ReadOnlySpan<byte> mangled, out string demangled)
    {
        demangled = "";
        int hash = HashStart(mangled), at = 3;
        if (hash < 0) return false;
        TextBuffer text = t_buffer ??= new TextBuffer();
        text.Clear();
        while (TryNext(mangled, hash, ref at, out ReadOnlySpan<byte> component))
        {
            if (text.Length > 0) text.Append("::"u8);
            Unescape(component, text);
        }
        if (at != hash || text.Overflowed) return false;
        demangled = text.ToString();
        return true;
    }

    /// <summary>Appends a component with its escapes undone.</summary>
    public static void Unescape(ReadOnlySpan<byte> component, TextBuffer text)
    {
        if (component.StartsWith("_$"u8)) component = component[1..];
        while (!component.IsEmpty)
        {
            int special = component.IndexOfAny((byte)'$', (byte)'.');
            if (special < 0)
            {
                text.Append(component);
                return;
            }
            text.Append(component[..special]);
            component = component[special..];
            if (component[0] == '.')
            {
                bool path = component.Length > 1 && component[1] == '.';
                text.Append(path ? "::"u8 : "."u8);
                component = component[(path ? 2 : 1)..];
                continue;
            }
            int end = component[1..].IndexOf((byte)'$');
            if (end < 0 || !Escape(component.Slice(1, end), text))
            {
                text.Append(component);
                return;
            }
            component = component[(end + 2)..];
        }
    }

    private static bool Escape(ReadOnlySpan<byte> code, TextBuffer text)
    {
        byte simple = code switch
        {
            [(byte)'C'] => (byte)',',
            [(byte)'S', (byte)'P'] => (byte)'@',
            [(byte)'B', (byte)'P'] => (byte)'*',
            [(byte)'R', (byte)'F'] => (byte)'&',
            [(byte)'L', (byte)'T'] => (byte)'<',
            [(byte)'G', (byte)'T'] => (byte)'>',
            [(byte)'L', (byte)'P'] => (byte)'(',
            [(byte)'R', (byte)'P'] => (byte)')',
            _ => 0,
        };
        if (simple != 0)
        {
            text.Append(simple);
            return true;
        }
        if (code.Length is < 2 or > 7 || code[0] != 'u' || !Utf8Parser.TryParse(code[1..], out uint value, out int used, 'x') || used != code.Length - 1) return false;
        if (!Rune.TryCreate(value, out Rune rune) || Rune.IsControl(rune)) return false;
        text.AppendRune(rune);
        return true;
    }
}
