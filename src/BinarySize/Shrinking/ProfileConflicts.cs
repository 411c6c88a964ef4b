using System.Collections.Frozen;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace BinarySize.Shrinking;

/// <summary>
/// Looks through the IL of an app's own assemblies for what its size settings take away: listeners of event sources,
/// cultures by name, JSON by reflection, HTTP/3, and the like. It tells what is certain from a call and the value in front
/// of it, and is silent about what depends on data.
/// </summary>
public static class ProfileConflicts
{
    /// <summary>The settings that are looked at, as MSBuild properties, each with the value that takes something away.</summary>
    public static FrozenDictionary<string, string> Settings { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["EventSourceSupport"] = "false",
        ["InvariantGlobalization"] = "true",
        ["JsonSerializerIsReflectionEnabledByDefault"] = "false",
        ["Http3Support"] = "false",
        ["XmlResolverIsNetworkingEnabledByDefault"] = "false",
        ["UseSystemResourceKeys"] = "true",
        ["StackTraceSupport"] = "false",
        ["MetricsSupport"] = "false",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    // More of a kind are not more news.
    private const int MaxOfACode = 5;

    /// <summary>Conflicts of <paramref name="assembly"/>, in the order of its code; at most five of each code.</summary>
    /// <param name="assembly">An IL assembly; its portable symbols are read where they lie beside it or in it.</param>
    /// <param name="settings">Settings (<see cref="Settings"/>) that are in force.</param>
    /// <exception cref="BadImageFormatException">Not an assembly, or a damaged one.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static List<ProfileConflict> Find(string assembly, IReadOnlySet<string> settings)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        ArgumentNullException.ThrowIfNull(settings);
        using OwnCode? code = OwnCode.TryOpen(assembly);
        if (code is null) return [];
        MetadataReader metadata = code.Metadata;
        Dictionary<int, Member> members = MembersOfInterest(metadata, settings);
        bool events = settings.Contains("EventSourceSupport");
        if (members.Count == 0 && !events) return [];
        var scan = new Scan(code, members);
        if (events) scan.EventTypes();
        if (members.Count > 0) scan.Methods();
        var kept = new List<ProfileConflict>();
        foreach (ProfileConflict conflict in scan.Found)
        {
            if (kept.Count(c => c.Code == conflict.Code) < MaxOfACode && !kept.Contains(conflict)) kept.Add(conflict);
        }
        return kept;
    }

    private const int Never = int.MaxValue;

    // What a call of a member of the framework means.
    private enum Rule
    {
        Culture,
        JsonOptions,
        JsonAlways,
        Http3,
        XmlResolver,
        Message,
        TextTest,
        StackFrames,
        Metrics,
    }

    private readonly record struct Member(Rule Rule, string Name);

    // Tokens of members of the framework that matter, and of their instantiations.
    private static Dictionary<int, Member> MembersOfInterest(MetadataReader metadata, IReadOnlySet<string> settings)
    {
        var members = new Dictionary<int, Member>();
        foreach (MemberReferenceHandle handle in metadata.MemberReferences)
        {
            MemberReference member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind != HandleKind.TypeReference) continue;
            TypeReference type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent);
            if (RuleOf(metadata, member, metadata.GetString(type.Namespace), metadata.GetString(type.Name), metadata.GetString(member.Name), settings) is { } rule)
            {
                members.Add(MetadataTokens.GetToken(handle), new Member(rule, metadata.GetString(type.Name) + "." + metadata.GetString(member.Name)));
            }
        }
        if (members.Count == 0) return members;
        for (int row = 1; row <= metadata.GetTableRowCount(TableIndex.MethodSpec); row++)
        {
            MethodSpecificationHandle handle = MetadataTokens.MethodSpecificationHandle(row);
            if (members.TryGetValue(MetadataTokens.GetToken(metadata.GetMethodSpecification(handle).Method), out Member member)) members.Add(MetadataTokens.GetToken(handle), member);
        }
        return members;
    }

    private static Rule? RuleOf(MetadataReader metadata, MemberReference member, string space, string type, string name, IReadOnlySet<string> settings)
    {
        switch (space, type, name)
        {
            case ("System.Globalization", "CultureInfo", ".ctor" or "GetCultureInfo" or "CreateSpecificCulture" or "GetCultureInfoByIetfLanguageTag"):
            case ("System.Globalization", "RegionInfo", ".ctor"):
                return settings.Contains("InvariantGlobalization") && TakesText(metadata, member) ? Rule.Culture : null;
            case ("System.Text.Json", "JsonSerializer", "Serialize" or "SerializeAsync" or "SerializeToUtf8Bytes" or "SerializeToDocument" or "SerializeToElement" or "SerializeToNode" or "Deserialize" or "DeserializeAsync" or "DeserializeAsyncEnumerable"):
            case ("System.Net.Http.Json", _, "GetFromJsonAsync" or "ReadFromJsonAsync" or "PostAsJsonAsync" or "PutAsJsonAsync" or "PatchAsJsonAsync" or "DeleteFromJsonAsync" or "ReadFromJsonAsAsyncEnumerable"):
                if (!settings.Contains("JsonSerializerIsReflectionEnabledByDefault")) return null;
                Shape shape = ShapeOf(metadata, member);
                return shape.HasContext ? null : shape.HasOptions ? Rule.JsonOptions : Rule.JsonAlways;
            case ("System.Net", "HttpVersion", "Version30"):
                return settings.Contains("Http3Support") ? Rule.Http3 : null;
            case ("System.Net.Quic", "QuicConnection", "ConnectAsync"):
            case ("System.Net.Quic", "QuicListener", "ListenAsync"):
                return settings.Contains("Http3Support") ? Rule.Http3 : null;
            case ("System.Xml", "XmlUrlResolver", ".ctor"):
                return settings.Contains("XmlResolverIsNetworkingEnabledByDefault") ? Rule.XmlResolver : null;
            case ("System", "Exception", "get_Message"):
                return settings.Contains("UseSystemResourceKeys") ? Rule.Message : null;
            case ("System", "String", "Contains" or "StartsWith" or "EndsWith" or "Equals" or "op_Equality" or "op_Inequality" or "IndexOf"):
                return settings.Contains("UseSystemResourceKeys") ? Rule.TextTest : null;
            case ("System.Diagnostics", "StackFrame", "GetMethod"):
            case ("System.Diagnostics", "DiagnosticMethodInfo", "Create"):
                return settings.Contains("StackTraceSupport") ? Rule.StackFrames : null;
            case ("System.Diagnostics.Metrics", "Meter" or "MeterListener", ".ctor"):
                return settings.Contains("MetricsSupport") ? Rule.Metrics : null;
            default:
                return null;
        }
    }

    // A culture by number or by another object is no culture by name.
    private static bool TakesText(MetadataReader metadata, MemberReference member)
    {
        BlobReader signature = metadata.GetBlobReader(member.Signature);
        signature.ReadSignatureHeader();
        if (signature.ReadCompressedInteger() == 0) return false;
        // Return type: void of a constructor, a class (CultureInfo) of the others.
        if (signature.ReadSignatureTypeCode() == SignatureTypeCode.TypeHandle) signature.ReadCompressedInteger();
        return signature.ReadSignatureTypeCode() == SignatureTypeCode.String;
    }

    private readonly record struct Shape(bool HasContext, bool HasOptions);

    // Which of System.Text.Json's types a signature mentions. Type handles in it are compressed tokens behind CLASS.
    private static Shape ShapeOf(MetadataReader metadata, MemberReference member)
    {
        MethodSignature<string> signature = member.DecodeMethodSignature(TypeNames.Instance, null);
        bool context = false, options = false;
        foreach (string parameter in signature.ParameterTypes)
        {
            context |= parameter.StartsWith("JsonTypeInfo", StringComparison.Ordinal) || parameter == "JsonSerializerContext";
            options |= parameter == "JsonSerializerOptions";
        }
        return new Shape(context, options);
    }

    private sealed class Scan(OwnCode code, Dictionary<int, Member> members)
    {
        private readonly MetadataReader _metadata = code.Metadata;

        public List<ProfileConflict> Found { get; } = [];

        /// <summary>Types that listen to event sources, or are one.</summary>
        public void EventTypes()
        {
            foreach (TypeDefinitionHandle handle in _metadata.TypeDefinitions)
            {
                TypeDefinition type = _metadata.GetTypeDefinition(handle);
                if (type.BaseType.Kind != HandleKind.TypeReference) continue;
                TypeReference parent = _metadata.GetTypeReference((TypeReferenceHandle)type.BaseType);
                if (_metadata.GetString(parent.Namespace) != "System.Diagnostics.Tracing" || _metadata.GetString(parent.Name) is not ("EventListener" or "EventSource")) continue;
                (string? File, int Line, int Column) at = default;
                foreach (MethodDefinitionHandle method in type.GetMethods())
                {
                    at = code.Location(method, 0);
                    if (at.File is not null) break;
                }
                bool listens = _metadata.GetString(parent.Name) == "EventListener";
                Found.Add(new ProfileConflict("BSZ5320", "EventSourceSupport", code.TypeName(handle), listens ? "is an EventListener" : "is an EventSource",
                    listens ? "it will never hear an event" : "its events go nowhere", at.File, at.Line, at.Column));
            }
        }

        public void Methods()
        {
            foreach ((MethodDefinitionHandle handle, BlobReader il) in code.Bodies()) Body(handle, il);
        }

        // One sweep over the instructions; what a rule needs of the past is the last string, and what stood right in front.
        private void Body(MethodDefinitionHandle method, BlobReader il)
        {
            string? text = null;
            int sinceNull = Never, sinceMessage = Never;
            while (il.RemainingBytes > 0)
            {
                int offset = il.Offset;
                ILOpCode instruction = Instructions.Read(ref il);
                if (sinceMessage < Never) sinceMessage++;
                if (sinceNull < Never) sinceNull++;
                switch (instruction)
                {
                    case ILOpCode.Ldstr:
                        text = Text(il.ReadInt32());
                        continue;
                    case ILOpCode.Call or ILOpCode.Callvirt or ILOpCode.Newobj or ILOpCode.Ldsfld or ILOpCode.Ldftn:
                        if (members.TryGetValue(il.ReadInt32(), out Member member))
                        {
                            if (member.Rule == Rule.Message) sinceMessage = 0;
                            else if (Conflict(member, text, sinceNull, sinceMessage) is var (id, setting, what, consequence))
                            {
                                (string? file, int line, int column) = code.Location(method, offset);
                                Found.Add(new ProfileConflict(id, setting, code.MethodName(method), what, consequence, file, line, column));
                            }
                        }
                        text = null;
                        sinceNull = Never;
                        continue;
                    default:
                        Instructions.Skip(ref il, instruction);
                        if (instruction == ILOpCode.Ldnull) sinceNull = 0;
                        continue;
                }
            }
        }

        private static (string Code, string Setting, string What, string Consequence)? Conflict(Member member, string? text, int sinceNull, int sinceMessage) => member.Rule switch
        {
            // The empty name is the invariant culture.
            Rule.Culture when text is "" => null,
            Rule.Culture => ("BSZ5321", "InvariantGlobalization", text is null ? "asks for a culture by name" : $"asks for the culture '{text}'", "there is none but the invariant one, and asking for another throws CultureNotFoundException"),
            // The compiler passes null for options that the caller leaves out, at most a default CancellationToken in front of
            // the call; other options may well have a resolver.
            Rule.JsonOptions when sinceNull > 4 => null,
            Rule.JsonOptions or Rule.JsonAlways => ("BSZ5322", "JsonSerializerIsReflectionEnabledByDefault", $"calls {member.Name} without a JsonTypeInfo or JsonSerializerContext", "it throws InvalidOperationException"),
            Rule.Http3 => ("BSZ5323", "Http3Support", $"uses {member.Name}", "HTTP/3 is taken out of HttpClient"),
            Rule.XmlResolver => ("BSZ5324", "XmlResolverIsNetworkingEnabledByDefault", "makes an XmlUrlResolver", "documents, schemas and entities at a URL are not loaded"),
            // "e.Message.Contains("…")" is at most three instructions behind the message.
            Rule.TextTest when text is { Length: > 0 } && sinceMessage <= 4 => ("BSZ5325", "UseSystemResourceKeys", $"looks for '{text}' in the message of an exception", "messages of the framework are resource names"),
            Rule.StackFrames => ("BSZ5326", "StackTraceSupport", $"calls {member.Name}", "stack frames have no methods"),
            Rule.Metrics => ("BSZ5327", "MetricsSupport", $"makes a {member.Name.Split('.')[0]}", "nothing is measured"),
            _ => null,
        };

        private string? Text(int token)
        {
            string text = _metadata.GetUserString((UserStringHandle)MetadataTokens.Handle(token));
            return text.Length <= 80 ? text : text[..80] + "…";
        }
    }
}
