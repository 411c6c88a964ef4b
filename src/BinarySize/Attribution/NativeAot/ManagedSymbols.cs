using System.Text;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Attribution.NativeAot;

/// <summary>
/// Says whose a symbol of the NativeAOT compiler is: by the names that an mstat file lists, and for the data that the
/// compiler derives from a method or type, by the name of that inside the symbol's own
/// (<c>__ehinfo_</c>method, <c>__NONGCSTATICS</c>type, …).
/// </summary>
internal sealed class ManagedSymbols : IDisposable
{
    private enum Target : byte
    {
        Method,
        Type,
        Either,

        /// <summary>Whole-program data with a name of its own.</summary>
        Data,
    }

    private readonly record struct Rule(byte[] Prefix, Target Target, string Name = "");

    private readonly record struct Known(int Type, int Member, bool Constructed, int Owner, int Size);

    // Longer prefixes first where one begins with another.
    private static readonly Rule[] s_rules =
    [
        new("unbox_"u8.ToArray(), Target.Method),
        new("__unbox_"u8.ToArray(), Target.Method),
        new("__readonlydata_"u8.ToArray(), Target.Method),
        new("__ehinfo_"u8.ToArray(), Target.Method),
        new("__fatpointer_"u8.ToArray(), Target.Method),
        new("__fatunboxpointer_"u8.ToArray(), Target.Method),
        new("_associatedData_"u8.ToArray(), Target.Either),
        new("__writableData"u8.ToArray(), Target.Type),
        new("__GCSTATICS"u8.ToArray(), Target.Type),
        new("__NONGCSTATICS"u8.ToArray(), Target.Type),
        new("__THREADSTATICS"u8.ToArray(), Target.Type),
        new("__TypeThreadStaticIndex"u8.ToArray(), Target.Type),
        new("__GenericDict_"u8.ToArray(), Target.Either),
        new("__InterfaceDispatchMap_"u8.ToArray(), Target.Type),
        new("__SealedVTable_"u8.ToArray(), Target.Type),
        new("__RuntimeTypeHandle_"u8.ToArray(), Target.Type),
        new("__RuntimeType_"u8.ToArray(), Target.Type),
        new("__FrozenObj_"u8.ToArray(), Target.Type),
        new("__RuntimeMethodHandle_"u8.ToArray(), Target.Either),
        new("__RuntimeFieldHandle_"u8.ToArray(), Target.Type),
        new("__RMHSignature_"u8.ToArray(), Target.Either),
        new("__RFHSignature_"u8.ToArray(), Target.Type),
        new("__GetGCStaticBase_"u8.ToArray(), Target.Type),
        new("__GetNonGCStaticBase_"u8.ToArray(), Target.Type),
        new("__GetThreadStaticBase_"u8.ToArray(), Target.Type),
        new("__DelegateCtor_"u8.ToArray(), Target.Method),
        new("__InterfaceDispatchCell_"u8.ToArray(), Target.Method),
        new("__ResolveVirtualFunction_"u8.ToArray(), Target.Method),
        new("__VirtualCall_"u8.ToArray(), Target.Method),
        new("__GenericLookupFromType_"u8.ToArray(), Target.Type),
        new("__GenericLookupFromDict_"u8.ToArray(), Target.Either),
        new("__GenericInstance_"u8.ToArray(), Target.Type),
        new("__imp_"u8.ToArray(), Target.Method),
        new("__lazyPInvoke"u8.ToArray(), Target.Data, "native imports"),
        new("__nativemodule_"u8.ToArray(), Target.Data, "native imports"),
        new("__utf8str_"u8.ToArray(), Target.Data, "native imports"),
        new("__utf16str_"u8.ToArray(), Target.Data, "native imports"),
        new("__pinvoke_"u8.ToArray(), Target.Data, "native imports"),
        new("__StackTraceMetadata"u8.ToArray(), Target.Data, "stack trace metadata"),
        new("_stacktrace_methodRVA_to_token_mapping"u8.ToArray(), Target.Data, "stack trace metadata"),
        new("_stacktrace_"u8.ToArray(), Target.Data, "stack trace metadata"),
        new("__embedded_metadata"u8.ToArray(), Target.Data, "reflection metadata"),
        new("__embedded_resourcedata"u8.ToArray(), Target.Data, "manifest resources"),
        new("__embedded_resourceindex"u8.ToArray(), Target.Data, "manifest resources"),
        new("__external_"u8.ToArray(), Target.Data, "reflection maps"),
        new("__type_to_metadata_map"u8.ToArray(), Target.Data, "reflection maps"),
        new("__type_to_cctorContext_map"u8.ToArray(), Target.Data, "reflection maps"),
        new("__method_to_entrypoint_map"u8.ToArray(), Target.Data, "reflection maps"),
        new("__VirtualInvokeMap"u8.ToArray(), Target.Data, "reflection maps"),
        new("__field_to_offset_map"u8.ToArray(), Target.Data, "reflection maps"),
        new("__array_type_map"u8.ToArray(), Target.Data, "reflection maps"),
        new("__ptr_type_map"u8.ToArray(), Target.Data, "reflection maps"),
        new("__byref_type_map"u8.ToArray(), Target.Data, "reflection maps"),
        new("__fnptr_type_map"u8.ToArray(), Target.Data, "reflection maps"),
        new("__delegate_marshalling_stub_map"u8.ToArray(), Target.Data, "reflection maps"),
        new("__struct_marshalling_stub_map"u8.ToArray(), Target.Data, "reflection maps"),
        new("__nativelayoutinfo"u8.ToArray(), Target.Data, "type loader layouts"),
        new("__exact_method_instantiations"u8.ToArray(), Target.Data, "type loader maps"),
        new("__generic_types_hashtable"u8.ToArray(), Target.Data, "type loader maps"),
        new("__generic_methods_hashtable"u8.ToArray(), Target.Data, "type loader maps"),
        new("__GenericMethodsTemplateMap"u8.ToArray(), Target.Data, "type loader maps"),
        new("__GenericTypesTemplateMap"u8.ToArray(), Target.Data, "type loader maps"),
        new("__gvm_table"u8.ToArray(), Target.Data, "type loader maps"),
        new("__interface_gvm_table"u8.ToArray(), Target.Data, "type loader maps"),
        new("_StaticsInfoHashtableNode"u8.ToArray(), Target.Data, "type loader maps"),
        new("__dehydrated_data"u8.ToArray(), Target.Data, "dehydrated data"),
        new("__GenericVariance_"u8.ToArray(), Target.Data, "shared type data"),
        new("__GCStaticEEType_"u8.ToArray(), Target.Data, "shared type data"),
        new("__GCStaticRegion"u8.ToArray(), Target.Data, "statics regions"),
        new("__ThreadStaticRegion"u8.ToArray(), Target.Data, "statics regions"),
        new("_inlinedThreadStatics"u8.ToArray(), Target.Data, "statics regions"),
        new("__EagerCctor"u8.ToArray(), Target.Data, "module header"),
        new("__module_initializers"u8.ToArray(), Target.Data, "module header"),
        new("__ReadyToRunHeader"u8.ToArray(), Target.Data, "module header"),
        new("__typemanager_indirection"u8.ToArray(), Target.Data, "module header"),
        new("__Module"u8.ToArray(), Target.Data, "module header"),
        new("g_compilerEmbedded"u8.ToArray(), Target.Data, "runtime settings"),
        new("__Str_"u8.ToArray(), Target.Data, StringLiterals),
    ];

    // By the third letter, which nearly all differ in; rules of one letter keep their order.
    private static readonly Rule[][] s_rulesByLetter = [.. Enumerable.Range(0, 256).Select(letter => Array.FindAll(s_rules, r => r.Prefix[2] == letter))];

    /// <summary>Owner of string literals that nothing was found to use.</summary>
    public const string StringLiterals = "string literals";

    private readonly AotOwners _owners;
    private readonly MstatFile? _mstat;
    private readonly NameIndex _exact = new();
    private readonly NameIndex _types = new();
    private readonly List<Known> _known = [];
    // What the compiler calls the primitive types of the core library.
    private static readonly (string Mangled, string Name)[] s_primitives =
    [
        ("Object", "Object"), ("String", "String"), ("Bool", "Boolean"), ("Char", "Char"), ("Int8", "SByte"), ("UInt8", "Byte"), ("Int16", "Int16"),
        ("UInt16", "UInt16"), ("Int32", "Int32"), ("UInt32", "UInt32"), ("Int64", "Int64"), ("UInt64", "UInt64"), ("Single", "Single"),
        ("Double", "Double"), ("IntPtr", "IntPtr"), ("UIntPtr", "UIntPtr"), ("Void", "Void"), ("Array", "Array"), ("ValueType", "ValueType"), ("Enum", "Enum"),
    ];

    private readonly int[] _typeOwners = [];
    private readonly string[] _mangledTypes = [];

    // By method record, which the first entries of _known stand for: a symbol has its name.
    private readonly bool[] _seen = [];

    public void Dispose()
    {
        _exact.Dispose();
        _types.Dispose();
    }

    public ManagedSymbols(AotOwners owners, MstatFile? mstat)
    {
        _owners = owners;
        _mstat = mstat;
        if (mstat is null) return;
        _typeOwners = new int[mstat.TypeDefinitions.Count];
        _mangledTypes = new string[mstat.TypeDefinitions.Count];
        _seen = new bool[mstat.Methods.Length];
        foreach (ref readonly MstatMethodRecord m in mstat.Methods.AsSpan())
        {
            _exact.TryAdd(mstat.Name(m.Name), Add(m.Type, m.Member, m.Constructed, m.Code));
        }
        foreach (ref readonly MstatTypeRecord t in mstat.Types.AsSpan())
        {
            ByteView name = SymbolName(mstat.Name(t.Name));
            int known = Add(t.Type, -1, t.Constructed, t.Size);
            _exact.TryAdd(name, known);
            _types.TryAdd(TypeNameOf(name), known);
        }
        foreach (ref readonly MstatFieldRecord f in mstat.RvaFields.AsSpan()) _exact.TryAdd(mstat.Name(f.Name), Add(f.Type, f.Member, false, f.Size));
        foreach (ref readonly MstatObjectRecord o in mstat.FrozenObjects.AsSpan())
        {
            // Literals belong to who uses them.
            if (o.OwnerType >= 0) _exact.TryAdd(mstat.Name(o.Name), Add(o.OwnerType, -1, false, o.Size));
        }
        for (int i = 0; i < mstat.TypeDefinitions.Count; i++) AddDefinition(i);
        for (int i = 0; i < mstat.Assemblies.Count; i++)
        {
            _types.TryAdd(Encoding.UTF8.GetBytes(MangledAssembly(mstat.Assemblies[i])), AddOwner(_owners.Assembly(mstat.Assemblies[i])));
        }
        int system = _owners.Namespace(_owners.Assembly("System.Private.CoreLib"), "System");
        foreach ((string mangled, string name) in s_primitives)
        {
            _types.TryAdd(Encoding.UTF8.GetBytes(mangled), AddOwner(_owners.Node(system, OwnerKind.Type, name)));
        }
    }

    /// <summary>
    /// The owner of a symbol of the compiler's; 0 where the symbol is not known as one.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="mapped">The same name where it lies in the symbol file.</param>
    /// <param name="managedOnly">True where only the compiler's symbols stand, so that the beginning of a name is proof enough.</param>
    public int Resolve(ReadOnlySpan<byte> name, ByteView mapped, bool managedOnly)
    {
        int exact = _exact.Find(name);
        if (exact >= 0)
        {
            if (exact < _seen.Length) _seen[exact] = true;
            return OwnerOf(_known[exact], mapped);
        }
        if (name.StartsWith("_lsda"u8))
        {
            int digits = 5;
            while (digits < name.Length && char.IsAsciiDigit((char)name[digits])) digits++;
            return ResolveInner(name[digits..], mapped, Target.Method);
        }
        foreach (ref readonly Rule rule in s_rulesByLetter[name.Length > 2 ? name[2] : 0].AsSpan())
        {
            if (!name.StartsWith(rule.Prefix)) continue;
            if (rule.Target == Target.Data) return _owners.ManagedData(rule.Name);
            int owner = ResolveInner(name[rule.Prefix.Length..], mapped, rule.Target);
            return owner != 0 ? owner : _owners.ManagedData("compiler-made data");
        }
        if (!managedOnly) return 0;
        if (_mstat is null) return _owners.Symbol(_owners.ManagedData("compiled code"), mapped);
        return ResolveInner(name, mapped, Target.Either);
    }

    /// <summary>The owner of a symbol that is named after an assembly, or more, of the statistics; 0 where it is not.</summary>
    public int ResolveByPrefix(ReadOnlySpan<byte> name) =>
        _types.FindLongestPrefix(name, out int length) is >= 0 and var type && length < name.Length && name[length] == '_' ? OwnerOf(_known[type], default) : 0;

    /// <summary>
    /// Methods whose name in the statistics no symbol had, by the size of their code: those that the runtime calls are
    /// linked by the name that it knows them by.
    /// </summary>
    public Dictionary<int, int> UnnamedBySize()
    {
        var bySize = new Dictionary<int, int>();
        if (_mstat is null) return bySize;
        for (int i = 0; i < _mstat.Methods.Length; i++)
        {
            ref readonly MstatMethodRecord method = ref _mstat.Methods[i];
            if (_seen[i]) continue;
            int owner = OwnerOf(new Known(method.Type, method.Member, false, 0, 0), default);
            bySize[method.Code] = bySize.TryGetValue(method.Code, out int other) ? _owners.Common(other, owner) is var common and not 0 ? common : other : owner;
        }
        return bySize;
    }

    /// <summary>True for the name of data that the compiler makes for the program as a whole.</summary>
    public static bool IsProgramData(ReadOnlySpan<byte> name)
    {
        foreach (ref readonly Rule rule in s_rulesByLetter[name.Length > 2 ? name[2] : 0].AsSpan())
        {
            if (rule.Target == Target.Data && name.StartsWith(rule.Prefix)) return true;
        }
        return false;
    }

    /// <summary>Bytes that the statistics say a symbol's object has in memory; 0 where they do not.</summary>
    public int SizeOf(ReadOnlySpan<byte> name) => _exact.Find(name) is >= 0 and var known ? _known[known].Size : 0;

    /// <summary>The owner node of a type definition of the mstat file.</summary>
    public int TypeOwner(int type)
    {
        if (_typeOwners[type] != 0) return _typeOwners[type];
        MstatType definition = _mstat!.TypeDefinitions[type];
        string name = definition.Name;
        for (int i = 0; definition.Declaring >= 0 && i < 64; i++)
        {
            definition = _mstat.TypeDefinitions[definition.Declaring];
            name = definition.Name + "+" + name;
        }
        int space = _owners.Namespace(_owners.Assembly(_mstat.Assemblies[definition.Assembly]), definition.Namespace);
        return _typeOwners[type] = _owners.Node(space, OwnerKind.Type, name);
    }

    private int ResolveInner(ReadOnlySpan<byte> name, ByteView mapped, Target target)
    {
        while (true)
        {
            if (name.StartsWith("_ZTV"u8)) name = name[4..].TrimStart("0123456789"u8);
            else if (name.StartsWith("Boxed_"u8)) name = name["Boxed_"u8.Length..];
            else if (name.StartsWith("<Boxed>"u8)) name = name["<Boxed>"u8.Length..];
            else if (name.StartsWith("<unbox>"u8)) name = name["<unbox>"u8.Length..];
            else if (name.StartsWith("__Array<"u8)) name = name["__Array<"u8.Length..];
            else if (name.StartsWith("__MDArray<"u8)) name = name["__MDArray<"u8.Length..];
            else if (name.StartsWith("__ref_"u8)) name = name["__ref_"u8.Length..];
            else if (name.StartsWith("S_P_CoreLib_System_Delegate__Initialize"u8) && name[10..].IndexOf("__"u8) is var first and >= 0
                && name[(first + 12)..].IndexOf("__"u8) is var second and >= 0)
            {
                // A delegate's constructor helper is named after how it initialises and the method that the delegate calls.
                name = name[(first + second + 14)..];
            }
            else break;
        }
        if (target != Target.Type)
        {
            int exact = _exact.Find(name);
            if (exact >= 0) return OwnerOf(_known[exact], mapped);
            int prefix = _exact.FindLongestPrefix(name, out int length);
            int type = _types.FindLongestPrefix(name, out int typeLength);
            if (prefix >= 0 && length > typeLength) return OwnerOf(_known[prefix], mapped);
            return type >= 0 ? OwnerOf(_known[type], default) : 0;
        }
        int found = _types.Find(name);
        bool whole = found >= 0;
        if (!whole) found = _types.FindLongestPrefix(name, out _);
        return found < 0 ? 0 : OwnerOf(_known[found], whole ? mapped : default);
    }

    private int OwnerOf(in Known known, ByteView mapped)
    {
        if (known.Owner != 0) return known.Owner;
        int owner = TypeOwner(known.Type);
        if (known.Member >= 0) owner = _owners.Node(owner, OwnerKind.Member, _mstat!.Members[known.Member]);
        return known.Constructed && mapped.Length > 0 ? _owners.Symbol(owner, mapped) : owner;
    }

    private int Add(int type, int member, bool constructed, int size)
    {
        _known.Add(new Known(type, member, constructed, 0, size));
        return _known.Count - 1;
    }

    private int AddOwner(int owner)
    {
        _known.Add(new Known(-1, -1, false, owner, 0));
        return _known.Count - 1;
    }

    // The compiler's mangling of a definition: assembly, namespace, name, everything but letters and digits an underscore.
    private void AddDefinition(int type)
    {
        _types.TryAdd(Encoding.UTF8.GetBytes(Mangled(type, 0)), Add(type, -1, false, 0));
    }

    private string Mangled(int type, int depth)
    {
        if (_mangledTypes[type] is string known) return known;
        MstatType t = _mstat!.TypeDefinitions[type];
        string outer = t.Declaring >= 0 && depth < 64
            ? Mangled(t.Declaring, depth + 1)
            : t.Namespace.Length == 0 ? MangledAssembly(_mstat.Assemblies[t.Assembly]) : MangledAssembly(_mstat.Assemblies[t.Assembly]) + "_" + Sanitize(t.Namespace);
        return _mangledTypes[type] = outer + "_" + Sanitize(t.Name);
    }

    private static string MangledAssembly(string name) =>
        name.StartsWith("System.Private.", StringComparison.Ordinal) ? "S_P_" + Sanitize(name["System.Private.".Length..]) : Sanitize(name);

    private static string Sanitize(string name) =>
        string.Create(name.Length, name, static (target, source) =>
        {
            for (int i = 0; i < source.Length; i++) target[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
        });

    // The statistics may say " constructed" behind a type's symbol.
    private static ByteView SymbolName(ByteView name) => name.IndexOf(" "u8) is >= 0 and var end ? name.Slice(0, end) : name;

    private static ByteView TypeNameOf(ByteView symbol)
    {
        if (!symbol.Matches(0, "_ZTV"u8)) return default;
        long at = 4;
        while (at < symbol.Length && char.IsAsciiDigit((char)symbol.U8(at))) at++;
        if (symbol.Matches(at, "Boxed_"u8)) at += 6;
        return symbol.Slice(at);
    }
}
