using System.Text;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Attribution.NativeAot;

/// <summary>What an mstat file says of a name.</summary>
/// <param name="Type">Index in <see cref="MstatFile.TypeDefinitions"/>; ~index in <see cref="MstatFile.Assemblies"/>, and behind these in <see cref="MstatNames.Primitives"/>, where it names none of them.</param>
/// <param name="Member">Index in <see cref="MstatFile.Members"/>; -1 for the type itself.</param>
/// <param name="IsConstructed">True for an instantiation, array or pointer.</param>
/// <param name="Size">Bytes in the object file.</param>
internal readonly record struct MstatName(int Type, int Member, bool IsConstructed, int Size);

/// <summary>
/// Names by number. First the symbols that an mstat file lists: methods, method tables, initial bytes of fields, and
/// objects that exist before the program starts; numbers of methods are those of <see cref="MstatFile.Methods"/>. Behind
/// these, from <see cref="FirstType"/> on, what stands inside of other names: types, and the assemblies that others are in.
/// What the compiler lists it also writes in that order, and the linker leaves it so: most are found as the next one.
/// </summary>
internal sealed class MstatNames : IDisposable
{
    /// <summary>What the compiler calls the primitive types of the core library, and their names there.</summary>
    public static readonly (string Mangled, string Name)[] Primitives =
    [
        ("Object", "Object"), ("String", "String"), ("Bool", "Boolean"), ("Char", "Char"), ("Int8", "SByte"), ("UInt8", "Byte"), ("Int16", "Int16"),
        ("UInt16", "UInt16"), ("Int32", "Int32"), ("UInt32", "UInt32"), ("Int64", "Int64"), ("UInt64", "UInt64"), ("Single", "Single"),
        ("Double", "Double"), ("IntPtr", "IntPtr"), ("UIntPtr", "UIntPtr"), ("Void", "Void"), ("Array", "Array"), ("ValueType", "ValueType"), ("Enum", "Enum"),
    ];

    // Methods, method tables, fields, objects: each kind is in order, and stands between the others.
    private const int Kinds = 4;

    // Not every method has all of what the compiler derives from one: so many are passed over.
    private const int Window = 16;

    private readonly record struct Named(ByteView Text, MstatName Name);

    private readonly NativeList<Named> _names;
    private readonly NameIndex _index;
    private readonly int[] _ends = new int[Kinds];
    private readonly string[] _mangledTypes;

    public MstatNames(MstatFile file)
    {
        File = file;
        int types = file.Types.Length + file.TypeDefinitions.Count + file.Assemblies.Count + Primitives.Length;
        _names = new NativeList<Named>(file.Methods.Length + file.Types.Length + file.RvaFields.Length + file.FrozenObjects.Length + types);
        foreach (ref readonly MstatMethodRecord m in file.Methods.AsSpan()) _names.Add(new(file.Name(m.Name), new(m.Type, m.Member, m.Constructed, m.Code)));
        _ends[0] = _names.Count;
        foreach (ref readonly MstatTypeRecord t in file.Types.AsSpan()) _names.Add(new(WithoutNote(file.Name(t.Name)), new(t.Type, -1, t.Constructed, t.Size)));
        _ends[1] = _names.Count;
        foreach (ref readonly MstatFieldRecord f in file.RvaFields.AsSpan()) _names.Add(new(file.Name(f.Name), new(f.Type, f.Member, false, f.Size)));
        _ends[2] = _names.Count;
        foreach (ref readonly MstatObjectRecord o in file.FrozenObjects.AsSpan())
        {
            // Literals belong to who uses them.
            if (o.OwnerType >= 0) _names.Add(new(file.Name(o.Name), new(o.OwnerType, -1, false, o.Size)));
        }
        _ends[3] = FirstType = _names.Count;
        for (int i = _ends[0]; i < _ends[1]; i++) _names.Add(new(TypeOf(_names[i].Text), _names[i].Name));
        _index = new NameIndex(_names.Count + types);
        for (int i = 0; i < _names.Count; i++) _index.TryAdd(_names[i].Text, i);

        _mangledTypes = new string[file.TypeDefinitions.Count];
        for (int i = 0; i < _mangledTypes.Length; i++) AddType(Mangled(i, 0), i);
        for (int i = 0; i < file.Assemblies.Count; i++) AddType(MangledAssembly(file.Assemblies[i]), ~i);
        for (int i = 0; i < Primitives.Length; i++) AddType(Primitives[i].Mangled, ~(file.Assemblies.Count + i));
    }

    public MstatFile File { get; }

    /// <summary>Numbers below this are symbols'.</summary>
    public int FirstType { get; }

    public MstatName this[int number] => _names[number].Name;

    /// <summary>By symbol of the binary that was met: the number of its name, -1 where the file does not list it.</summary>
    public int[] OfSymbol { get; private set; } = [];

    /// <summary>By method: true where a symbol of the binary that was met has its name.</summary>
    public bool[] IsMet { get; private set; } = [];

    /// <summary>The number of a symbol; -1 where the file does not list it.</summary>
    public int Find(ReadOnlySpan<byte> symbol) => _index.Find(symbol) is var number && number < FirstType ? number : -1;

    /// <summary>The number of a type by the name that stands in other names; -1 where none is known.</summary>
    /// <param name="type">The name.</param>
    /// <param name="last">What was found last among names that come in the order of the file's; -1 at first.</param>
    public int FindType(ReadOnlySpan<byte> type, ref int last) =>
        FindNext(type, ref last, FirstType, FirstType + File.Types.Length) is >= 0 and var next ? next
        : _index.Find(type) is var number && number >= FirstType ? last = number
        : -1;

    /// <summary>The number of the longest beginning of a name that is known; -1 where none is.</summary>
    /// <param name="name">The name.</param>
    /// <param name="last">What was found last among names that come in the order of the file's; -1 at first.</param>
    /// <param name="length">Bytes of the beginning.</param>
    public int FindLongestPrefix(ReadOnlySpan<byte> name, ref int last, out int length)
    {
        length = name.Length;
        if (last < FirstType && FindNext(name, ref last, 0, FirstType) is >= 0 and var symbol) return symbol;
        if ((last < 0 || last >= FirstType) && FindNext(name, ref last, FirstType, FirstType + File.Types.Length) is >= 0 and var type) return type;
        int number = _index.FindLongestPrefix(name, out length);
        if (number >= 0 && length == name.Length) last = number;
        return number;
    }

    /// <summary>The same among types and assemblies.</summary>
    public int FindLongestType(ReadOnlySpan<byte> name, out int length) => _index.FindLongestPrefix(name, out length, FirstType);

    /// <summary>Looks every symbol of a binary up, once.</summary>
    /// <param name="image">The binary.</param>
    /// <param name="map">Told where pages of files are not needed any more.</param>
    /// <param name="functions">Its managed functions.</param>
    /// <param name="known">Those that the file lists.</param>
    /// <param name="met">Methods of the file that are among the functions.</param>
    public void Meet(AotImage image, SizeMapBuilder map, out int functions, out int known, out int met)
    {
        OfSymbol = new int[image.Symbols.Length];
        int[] next = [0, .. _ends[..^1]];
        int found = 0;
        for (int s = 0; s < OfSymbol.Length; s++)
        {
            // Names stand roughly in the order of addresses: those behind are not needed soon.
            if (s % 32768 == 0) map.ReleasePages();
            ReadOnlySpan<byte> name = image.NextName(s).Span();
            int number = -1;
            for (int kind = 0; kind < Kinds && number < 0; kind++)
            {
                if (next[kind] < _ends[kind] && Is(next[kind], name)) number = next[kind]++;
            }
            OfSymbol[s] = number;
            if (number >= 0) found++;
        }
        // Where every one is there, in its order, no other symbol has a name that is listed.
        for (int s = 0; found < FirstType && s < OfSymbol.Length; s++)
        {
            if (s % 32768 == 0) map.ReleasePages();
            if (OfSymbol[s] < 0) OfSymbol[s] = Find(image.Name(image.Symbols[s]));
        }

        IsMet = new bool[File.Methods.Length];
        var isFunction = new bool[IsMet.Length];
        (functions, known, met) = (0, 0, 0);
        int code = image.FindArea("__managedcode"u8);
        foreach (ref readonly AotItem item in image.Items.AsSpan())
        {
            bool any = false;
            for (int s = item.First; s < item.First + item.Count; s++)
            {
                int number = OfSymbol[s];
                if ((uint)number >= (uint)IsMet.Length) continue;
                IsMet[number] = true;
                if (item.Area != code) continue;
                any = true;
                if (!isFunction[number]) met++;
                isFunction[number] = true;
            }
            if (item.Area != code) continue;
            functions++;
            if (any) known++;
        }
    }

    public void Dispose()
    {
        _index.Dispose();
        _names.Dispose();
    }

    private int FindNext(ReadOnlySpan<byte> name, ref int last, int from, int to)
    {
        int first = Math.Max(last + 1, from);
        for (int i = first; i < to && i < first + Window; i++)
        {
            if (Is(i, name)) return last = i;
        }
        return -1;
    }

    // Names start alike: their ends tell them apart. Longer ones than the index takes are nobody's.
    private bool Is(int number, ReadOnlySpan<byte> name)
    {
        ByteView text = _names[number].Text;
        return text.Length == name.Length && name.Length is > 0 and <= NameIndex.MaxName && text.U8(text.Length - 1) == name[^1] && text.Span().SequenceEqual(name);
    }

    private void AddType(string mangled, int type)
    {
        _index.TryAdd(Encoding.UTF8.GetBytes(mangled), _names.Count);
        _names.Add(new(default, new(type, -1, false, 0)));
    }

    // The compiler's mangling of a definition: assembly, namespace, name, everything but letters and digits an underscore.
    private string Mangled(int type, int depth)
    {
        if (_mangledTypes[type] is string known) return known;
        MstatType t = File.TypeDefinitions[type];
        string outer = t.Declaring >= 0 && depth < 64
            ? Mangled(t.Declaring, depth + 1)
            : t.Namespace.Length == 0 ? MangledAssembly(File.Assemblies[t.Assembly]) : MangledAssembly(File.Assemblies[t.Assembly]) + "_" + Sanitize(t.Namespace);
        return _mangledTypes[type] = outer + "_" + Sanitize(t.Name);
    }

    private static string MangledAssembly(string name) =>
        name.StartsWith("System.Private.", StringComparison.Ordinal) ? "S_P_" + Sanitize(name["System.Private.".Length..]) : Sanitize(name);

    private static string Sanitize(string name) =>
        string.Create(name.Length, name, static (target, source) =>
        {
            for (int i = 0; i < source.Length; i++) target[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
        });

    // The statistics may say " constructed" behind a method table's symbol.
    private static ByteView WithoutNote(ByteView symbol) => symbol.IndexOf(" "u8) is >= 0 and var end ? symbol.Slice(0, end) : symbol;

    // The type's name in the symbol of its method table; empty where it is no such symbol.
    private static ByteView TypeOf(ByteView symbol)
    {
        if (!symbol.Matches(0, "_ZTV"u8)) return default;
        long at = 4;
        while (at < symbol.Length && char.IsAsciiDigit((char)symbol.U8(at))) at++;
        if (symbol.Matches(at, "Boxed_"u8)) at += 6;
        return symbol.Slice(at);
    }
}
