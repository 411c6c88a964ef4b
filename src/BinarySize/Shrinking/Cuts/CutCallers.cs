using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace BinarySize.Shrinking.Cuts;

/// <summary>A place in the app's own code that needs what a cut takes out.</summary>
/// <param name="Cut">The cut's name.</param>
/// <param name="Where">"Program.Main".</param>
/// <param name="What">"calls JsonConvert.SerializeXmlNode".</param>
/// <param name="File">Source file as the symbols name it; null without symbols.</param>
/// <param name="Line">Line, from 1; 0 without symbols.</param>
/// <param name="Column">Column, from 1; 0 without symbols.</param>
internal sealed record CutCaller(string Cut, string Where, string What, string? File, int Line, int Column);

/// <summary>
/// Looks through the IL of an app's own assemblies for what cuts remove: calls, constructions, delegates and overrides of
/// removed methods, and uses of members that a manifest names.
/// </summary>
internal static class CutCallers
{
    // More of one cut are not more news.
    private const int MaxOfACut = 5;

    /// <summary>What cuts take out, to be looked for.</summary>
    public sealed class Wanted
    {
        private readonly Dictionary<(string Type, string Name), List<(string? Signature, string Cut)>> _members = [];

        public bool IsEmpty => _members.Count == 0;

        /// <summary>A removed method.</summary>
        public void Add(FittedMethod method, string cut) => Add(method.Type, method.Name, method.Positional, cut);

        /// <summary>"Namespace.Type.Member", every overload of it.</summary>
        public void Add(string api, string cut)
        {
            int dot = api.LastIndexOf('.');
            // A constructor: "Namespace.Type..ctor".
            if (dot > 0 && api[dot - 1] == '.') dot--;
            if (dot > 0) Add(api[..dot], api[(dot + 1)..], null, cut);
        }

        /// <summary>The cut that takes a member out; null for none.</summary>
        public string? Find(string type, string name, Func<string> signature)
        {
            if (!_members.TryGetValue((type, name), out List<(string? Signature, string Cut)>? members)) return null;
            string? written = null;
            foreach ((string? wanted, string cut) in members)
            {
                if (wanted is null || wanted == (written ??= signature())) return cut;
            }
            return null;
        }

        private void Add(string type, string name, string? signature, string cut)
        {
            if (!_members.TryGetValue((type, name), out List<(string? Signature, string Cut)>? members)) _members[(type, name)] = members = [];
            members.Add((signature, cut));
        }
    }

    /// <summary>Uses in one assembly, in the order of its code, at most five of a cut.</summary>
    /// <exception cref="BadImageFormatException">It is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static List<CutCaller> Find(string assembly, Wanted wanted)
    {
        if (wanted.IsEmpty) return [];
        using OwnCode? code = OwnCode.TryOpen(assembly);
        if (code is null) return [];
        Dictionary<int, (string Cut, string Name)> tokens = Tokens(code.Metadata, wanted);
        var found = new List<CutCaller>();
        Overrides(code, wanted, found);
        if (tokens.Count > 0)
        {
            foreach ((MethodDefinitionHandle method, BlobReader body) in code.Bodies()) Body(code, method, body, tokens, found);
        }
        return found;
    }

    private static void Body(OwnCode code, MethodDefinitionHandle method, BlobReader il, Dictionary<int, (string Cut, string Name)> tokens, List<CutCaller> found)
    {
        while (il.RemainingBytes > 0)
        {
            int offset = il.Offset;
            ILOpCode instruction = Instructions.Read(ref il);
            string? verb = instruction switch
            {
                ILOpCode.Call or ILOpCode.Callvirt or ILOpCode.Jmp => "calls",
                ILOpCode.Newobj => "makes",
                ILOpCode.Ldftn or ILOpCode.Ldvirtftn or ILOpCode.Ldtoken => "refers to",
                ILOpCode.Ldfld or ILOpCode.Ldsfld or ILOpCode.Ldflda or ILOpCode.Ldsflda or ILOpCode.Stfld or ILOpCode.Stsfld => "uses",
                _ => null,
            };
            if (verb is null)
            {
                Instructions.Skip(ref il, instruction);
                continue;
            }
            if (!tokens.TryGetValue(il.ReadInt32(), out (string Cut, string Name) member)) continue;
            (string? file, int line, int column) = code.Location(method, offset);
            string name = instruction == ILOpCode.Newobj ? member.Name.Replace("..ctor", "", StringComparison.Ordinal) : member.Name;
            Add(found, new CutCaller(member.Cut, code.MethodName(method), $"{verb} {name}", file, line, column));
        }
    }

    // Members that matter, by token: references, definitions where the assembly is cut itself, and instantiations of both.
    private static Dictionary<int, (string Cut, string Name)> Tokens(MetadataReader metadata, Wanted wanted)
    {
        var tokens = new Dictionary<int, (string Cut, string Name)>();
        foreach (MemberReferenceHandle handle in metadata.MemberReferences)
        {
            MemberReference member = metadata.GetMemberReference(handle);
            if (LinkerSignature.TypeName(metadata, member.Parent) is not { } type) continue;
            string name = metadata.GetString(member.Name);
            if (wanted.Find(type, name, () => member.GetKind() == MemberReferenceKind.Method ? LinkerSignature.Of(metadata, member) : "") is { } cut) tokens[MetadataTokens.GetToken(handle)] = (cut, Short(type, name));
        }
        foreach (MethodDefinitionHandle handle in metadata.MethodDefinitions)
        {
            MethodDefinition method = metadata.GetMethodDefinition(handle);
            string type = LinkerSignature.TypeName(metadata, method.GetDeclaringType()), name = metadata.GetString(method.Name);
            if (wanted.Find(type, name, () => LinkerSignature.Of(metadata, handle, SignatureStyle.Positional)) is { } cut) tokens[MetadataTokens.GetToken(handle)] = (cut, Short(type, name));
        }
        if (tokens.Count == 0) return tokens;
        for (int row = 1; row <= metadata.GetTableRowCount(TableIndex.MethodSpec); row++)
        {
            MethodSpecificationHandle handle = MetadataTokens.MethodSpecificationHandle(row);
            if (tokens.TryGetValue(MetadataTokens.GetToken(metadata.GetMethodSpecification(handle).Method), out (string, string) member)) tokens[MetadataTokens.GetToken(handle)] = member;
        }
        return tokens;
    }

    // A type that continues a removed method means to be called where it was.
    private static void Overrides(OwnCode code, Wanted wanted, List<CutCaller> found)
    {
        MetadataReader metadata = code.Metadata;
        foreach (TypeDefinitionHandle handle in metadata.TypeDefinitions)
        {
            TypeDefinition type = metadata.GetTypeDefinition(handle);
            if (type.BaseType.IsNil || LinkerSignature.TypeName(metadata, type.BaseType) is not { } parent) continue;
            foreach (MethodDefinitionHandle method in type.GetMethods())
            {
                MethodDefinition definition = metadata.GetMethodDefinition(method);
                if ((definition.Attributes & (MethodAttributes.Virtual | MethodAttributes.NewSlot)) != MethodAttributes.Virtual) continue;
                string name = metadata.GetString(definition.Name);
                if (wanted.Find(parent, name, () => LinkerSignature.Of(metadata, method, SignatureStyle.Positional)) is not { } cut) continue;
                (string? file, int line, int column) = code.Location(method, 0);
                Add(found, new CutCaller(cut, code.MethodName(method), $"overrides {Short(parent, name)}", file, line, column));
            }
        }
    }

    private static void Add(List<CutCaller> found, CutCaller caller)
    {
        if (found.Count(c => c.Cut == caller.Cut) < MaxOfACut && !found.Contains(caller)) found.Add(caller);
    }

    // "Newtonsoft.Json.JsonConvert" -> "JsonConvert.SerializeXmlNode".
    private static string Short(string type, string name) => $"{type[(type.LastIndexOfAny(['.', '/']) + 1)..]}.{name}";
}
