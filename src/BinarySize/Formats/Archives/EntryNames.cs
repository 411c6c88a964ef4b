using System.Globalization;
using System.Text;
using BinarySize.Mapping;

namespace BinarySize.Formats.Archives;

/// <summary>
/// Names of a container's entries: bytes in one of several encodings, as data. "../" is a name like any other, and two
/// entries of one name are told apart by a number.
/// </summary>
internal sealed class EntryNames(NameTable names)
{
    // IBM code page 437, upper half, as the Unicode Consortium's CP437.TXT maps it.
    private const string UpperHalf =
        "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0";

    private readonly Dictionary<int, int> _seen = [];

    /// <summary>The id of a name that is UTF-8, distinguished from those before.</summary>
    public int Unique(ReadOnlySpan<byte> utf8)
    {
        int id = utf8.IsEmpty ? names.Intern("(unnamed)") : names.Intern(utf8);
        ref int count = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_seen, id, out bool exists);
        if (!exists)
        {
            count = 1;
            return id;
        }
        // A later number may be somebody's real name: go on until one is free.
        for (int number = ++count; ; number++)
        {
            int candidate = names.Intern(names.Text(id) + " (" + number.ToString(CultureInfo.InvariantCulture) + ")");
            if (_seen.TryAdd(candidate, 1))
            {
                _seen[id] = number;
                return candidate;
            }
        }
    }

    /// <summary>The id of a name in IBM code page 437, distinguished from those before.</summary>
    public int UniqueOem(ReadOnlySpan<byte> name) => Unique(FromOem(name));

    /// <summary>IBM code page 437 as UTF-8.</summary>
    public static byte[] FromOem(ReadOnlySpan<byte> name)
    {
        char[] text = new char[name.Length];
        for (int i = 0; i < name.Length; i++) text[i] = name[i] < 0x80 ? (char)name[i] : UpperHalf[name[i] - 0x80];
        return Encoding.UTF8.GetBytes(text);
    }
}
