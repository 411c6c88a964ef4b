using System.Text;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Attribution.NativeAot;

/// <summary>
/// Says whose a symbol of the NativeAOT compiler is: by the names that an mstat file lists, and for the data that the
/// compiler derives from a method or type, by the name of that inside the symbol's own
/// (<c>__ehinfo_</c>method, <c>__NONGCSTATICS</c>type, …).
/// </summary>
internal sealed class ManagedSymbols
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
    private static readonly int[][] s_rulesByLetter =
        [.. Enumerable.Range(0, 256).Select(letter => Enumerable.Range(0, s_rules.Length).Where(i => s_rules[i].Prefix[2] == letter).ToArray())];

    /// <summary>Owner of string literals that nothing was found to use.</summary>
    public const string StringLiterals = "string literals";

    private readonly AotOwners _owners;
    private readonly MstatNames? _names;
    private readonly MstatFile? _mstat;

    // What was found last, by rule and for exception tables: what is derived stands in the order of what it is derived from.
    private readonly int[] _last = new int[s_rules.Length + 1];

    private readonly int[] _typeOwners = [], _memberNames = [];

    public ManagedSymbols(AotOwners owners, MstatNames? names)
    {
        _owners = owners;
        _names = names;
        _mstat = names?.File;
        if (_mstat is not { } mstat) return;
        Array.Fill(_last, -1);
        _typeOwners = new int[mstat.TypeDefinitions.Count];
        _memberNames = new int[mstat.Members.Count];
    }

    /// <summary>
    /// The owner of a symbol of the compiler's; 0 where the symbol is not known as one.
    /// </summary>
    /// <param name="symbol">Its name where it lies in the symbol file.</param>
    /// <param name="number">The number of the name in the statistics; -1 where they do not have it.</param>
    /// <param name="managedOnly">True where only the compiler's symbols stand, so that the beginning of a name is proof enough.</param>
    public int Resolve(ByteView symbol, int number, bool managedOnly) =>
        number >= 0 ? OwnerOf(_names![number], symbol) : Derived(symbol.Span(), symbol, managedOnly);

    /// <summary>The owner of a name that the compiler gave; 0 where it is not known as one. No owner gets the name itself.</summary>
    public int Resolve(ReadOnlySpan<byte> name) =>
        _names?.Find(name) is >= 0 and var number ? OwnerOf(_names[number], default) : Derived(name, default, managedOnly: true);

    private int Derived(ReadOnlySpan<byte> name, ByteView mapped, bool managedOnly)
    {
        if (name.StartsWith("_lsda"u8))
        {
            int digits = 5;
            while (digits < name.Length && char.IsAsciiDigit((char)name[digits])) digits++;
            return ResolveInner(name[digits..], mapped, Target.Method, ref _last[^1]);
        }
        foreach (int i in s_rulesByLetter[name.Length > 2 ? name[2] : 0])
        {
            ref readonly Rule rule = ref s_rules[i];
            if (!name.StartsWith(rule.Prefix)) continue;
            if (rule.Target == Target.Data) return _owners.ManagedData(rule.Name);
            int owner = ResolveInner(name[rule.Prefix.Length..], mapped, rule.Target, ref _last[i]);
            return owner != 0 ? owner : _owners.ManagedData("compiler-made data");
        }
        if (!managedOnly) return 0;
        if (_mstat is null) return _owners.Symbol(_owners.ManagedData("compiled code"), mapped);
        int last = -1;
        return ResolveInner(name, mapped, Target.Either, ref last);
    }

    /// <summary>The owner of a symbol that is named after an assembly, or more, of the statistics; 0 where it is not.</summary>
    public int ResolveByPrefix(ReadOnlySpan<byte> name) =>
        _names?.FindLongestType(name, out int length) is >= 0 and var type && length < name.Length && name[length] == '_' ? OwnerOf(_names[type], default) : 0;

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
            if (_names!.IsMet[i]) continue;
            int owner = OwnerOf(new MstatName(method.Type, method.Member, false, 0), default);
            bySize[method.Code] = bySize.TryGetValue(method.Code, out int other) ? _owners.Common(other, owner) is var common and not 0 ? common : other : owner;
        }
        return bySize;
    }

    /// <summary>True for the name of data that the compiler makes for the program as a whole.</summary>
    public static bool IsProgramData(ReadOnlySpan<byte> name)
    {
        foreach (int i in s_rulesByLetter[name.Length > 2 ? name[2] : 0])
        {
            ref readonly Rule rule = ref s_rules[i];
            if (rule.Target == Target.Data && name.StartsWith(rule.Prefix)) return true;
        }
        return false;
    }

    /// <summary>Bytes that the statistics say a symbol's object has in memory; 0 where they do not.</summary>
    public int SizeOf(ReadOnlySpan<byte> name) => _names?.Find(name) is >= 0 and var number ? _names[number].Size : 0;

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

    // Of an assembly, or a primitive type that the statistics do not define.
    private int OuterOwner(int index)
    {
        IReadOnlyList<string> assemblies = _mstat!.Assemblies;
        if (index < assemblies.Count) return _owners.Assembly(assemblies[index]);
        int system = _owners.Namespace(_owners.Assembly("System.Private.CoreLib"), "System");
        return _owners.Node(system, OwnerKind.Type, MstatNames.Primitives[index - assemblies.Count].Name);
    }

    private int ResolveInner(ReadOnlySpan<byte> name, ByteView mapped, Target target, ref int last)
    {
        if (_names is null) return 0;
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
            int number = _names.FindLongestPrefix(name, ref last, out _);
            return number < 0 ? 0 : OwnerOf(_names[number], number < _names.FirstType ? mapped : default);
        }
        int type = _names.FindType(name, ref last);
        if (type >= 0) return OwnerOf(_names[type], mapped);
        type = _names.FindLongestType(name, out _);
        return type < 0 ? 0 : OwnerOf(_names[type], default);
    }

    private int OwnerOf(in MstatName name, ByteView mapped)
    {
        int owner = name.Type >= 0 ? TypeOwner(name.Type) : OuterOwner(~name.Type);
        if (name.Member >= 0)
        {
            ref int text = ref _memberNames[name.Member];
            if (text == 0) text = _owners.Name(_mstat!.Members[name.Member]);
            owner = _owners.Node(owner, OwnerKind.Member, text);
        }
        return name.IsConstructed && mapped.Length > 0 ? _owners.Symbol(owner, mapped) : owner;
    }
}
