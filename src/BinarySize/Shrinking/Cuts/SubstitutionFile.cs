using System.Globalization;
using System.Xml;

namespace BinarySize.Shrinking.Cuts;

/// <summary>A substitution file that can't be taken as it is, with the line (from 1) where that shows.</summary>
public sealed class BadCutException(string message, int line) : Exception(message)
{
    /// <summary>Line in the file, counted from 1.</summary>
    public int Line { get; } = line;
}

/// <summary>A feature switch on which an element depends; passed through to the compiler, which knows the switches.</summary>
/// <param name="Feature">Its name.</param>
/// <param name="Value">The value under which the element counts: "true" or "false".</param>
/// <param name="IsDefault">Whether it counts as well where nobody set the switch.</param>
public sealed record FeatureCondition(string Feature, string Value, bool IsDefault);

/// <summary>What becomes of a body.</summary>
public enum BodyChange
{
    /// <summary>It returns a constant.</summary>
    Stub,

    /// <summary>It throws.</summary>
    Remove,
}

/// <summary>A method and what becomes of its body.</summary>
/// <param name="Signature">"System.Boolean get_IsSupported()".</param>
/// <param name="Change">What becomes of it.</param>
/// <param name="Value">What a stub returns; null for the type's default.</param>
/// <param name="Condition">When; null for always.</param>
/// <param name="Line">Line in the file.</param>
public sealed record MethodSubstitution(string Signature, BodyChange Change, string? Value, FeatureCondition? Condition, int Line);

/// <summary>A type and its methods.</summary>
/// <param name="Name">"Namespace.Outer`1/Inner".</param>
/// <param name="Condition">When; null for always.</param>
/// <param name="Methods">In the order of the file.</param>
/// <param name="Line">Line in the file.</param>
public sealed record TypeSubstitution(string Name, FeatureCondition? Condition, IReadOnlyList<MethodSubstitution> Methods, int Line);

/// <summary>An assembly and its types.</summary>
/// <param name="Name">Its simple name.</param>
/// <param name="Condition">When; null for always.</param>
/// <param name="Types">In the order of the file.</param>
/// <param name="Line">Line in the file.</param>
public sealed record AssemblySubstitution(string Name, FeatureCondition? Condition, IReadOnlyList<TypeSubstitution> Types, int Line);

/// <summary>
/// A substitution file as the NativeAOT compiler and the trimmer take it, as far as it is about bodies of methods named one
/// by one: linker, assembly, type, method. Whatever else those two would take, or pass over in silence, is an error, and so
/// is anything that only a hostile file has.
/// </summary>
/// <param name="Condition">When all of it counts; null for always.</param>
/// <param name="Assemblies">In the order of the file.</param>
public sealed record SubstitutionFile(FeatureCondition? Condition, IReadOnlyList<AssemblySubstitution> Assemblies)
{
    /// <summary>Bytes that a file may have.</summary>
    public const int MaxBytes = 1 << 20;

    private const int MaxElements = 20_000, MaxNameLength = 4000;

    private static readonly string[] s_elements = ["linker", "assembly", "type", "method"];

    /// <summary>Reads a file's bytes.</summary>
    /// <exception cref="BadCutException">It is no substitution file, or not one that can be taken.</exception>
    public static SubstitutionFile Parse(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        if (bytes.Length > MaxBytes) throw new BadCutException($"it has more than {MaxBytes / 1024} KiB", 1);
        try
        {
            // Not XmlReader.Create, which brings schemas, their validation and the network into a program compiled ahead of time.
            using var reader = new XmlTextReader(new MemoryStream(bytes, writable: false)) { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, WhitespaceHandling = WhitespaceHandling.None };
            return Read(reader);
        }
        catch (XmlException e)
        {
            int position = e.Message.LastIndexOf(" Line ", StringComparison.Ordinal);
            string what = e.Message.Contains("DTD", StringComparison.Ordinal) ? "a document type (<!DOCTYPE>) is never read" : position > 0 ? e.Message[..position] : e.Message;
            throw new BadCutException("it is no XML that can be taken: " + what.TrimEnd('.'), Math.Max(1, e.LineNumber));
        }
    }

    /// <summary>The file as text, so that equal content is equal text.</summary>
    /// <param name="origin">Where it comes from, for who reads it.</param>
    public byte[] ToBytes(string origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        using var stream = new MemoryStream();
        using (var xml = XmlWriter.Create(stream, new XmlWriterSettings { Indent = true, IndentChars = "  ", NewLineChars = "\n", OmitXmlDeclaration = true, Encoding = new System.Text.UTF8Encoding(false) }))
        {
            xml.WriteStartElement("linker");
            Write(xml, Condition);
            xml.WriteComment(" " + origin.Replace("--", "- -", StringComparison.Ordinal) + " ");
            foreach (AssemblySubstitution assembly in Assemblies)
            {
                xml.WriteStartElement("assembly");
                xml.WriteAttributeString("fullname", assembly.Name);
                Write(xml, assembly.Condition);
                foreach (TypeSubstitution type in assembly.Types)
                {
                    xml.WriteStartElement("type");
                    xml.WriteAttributeString("fullname", type.Name);
                    Write(xml, type.Condition);
                    foreach (MethodSubstitution method in type.Methods)
                    {
                        xml.WriteStartElement("method");
                        xml.WriteAttributeString("signature", method.Signature);
                        xml.WriteAttributeString("body", method.Change == BodyChange.Stub ? "stub" : "remove");
                        if (method.Value is not null) xml.WriteAttributeString("value", method.Value);
                        Write(xml, method.Condition);
                        xml.WriteEndElement();
                    }
                    xml.WriteEndElement();
                }
                xml.WriteEndElement();
            }
            xml.WriteEndElement();
        }
        return stream.ToArray();
    }

    private static void Write(XmlWriter xml, FeatureCondition? condition)
    {
        if (condition is null) return;
        xml.WriteAttributeString("feature", condition.Feature);
        xml.WriteAttributeString("featurevalue", condition.Value);
        if (condition.IsDefault) xml.WriteAttributeString("featuredefault", "true");
    }

    private sealed class Element(int line)
    {
        public int Line { get; } = line;

        public Dictionary<string, string> Attributes { get; } = new(StringComparer.Ordinal);

        public FeatureCondition? Condition { get; set; }
    }

    private static SubstitutionFile Read(XmlReader reader)
    {
        var path = new Stack<Element>();
        var assemblies = new List<AssemblySubstitution>();
        var types = new List<TypeSubstitution>();
        var methods = new List<MethodSubstitution>();
        var seen = new Dictionary<(string Assembly, string Type, string Signature, FeatureCondition? OfAssembly, FeatureCondition? OfType, FeatureCondition? OfMethod), int>();
        FeatureCondition? condition = null;
        int count = 0;
        while (reader.Read())
        {
            int line = ((IXmlLineInfo)reader).LineNumber;
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (++count > MaxElements) throw new BadCutException($"it has more than {MaxElements.ToString("N0", CultureInfo.InvariantCulture)} elements", line);
                    bool isEmpty = reader.IsEmptyElement;
                    path.Push(Begin(reader, path.Count, line));
                    if (isEmpty) End();
                    break;
                case XmlNodeType.EndElement:
                    End();
                    break;
                case XmlNodeType.XmlDeclaration or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace or XmlNodeType.Comment or XmlNodeType.ProcessingInstruction:
                    break;
                default:
                    throw new BadCutException($"text is not allowed here: '{Short(reader.Value.Trim())}'", line);
            }
        }
        if (assemblies.Count == 0) throw new BadCutException("it names no method", 1);
        return new SubstitutionFile(condition, assemblies);

        void End()
        {
            Element element = path.Pop();
            switch (path.Count)
            {
                case 0:
                    condition = element.Condition;
                    break;
                case 1:
                    if (types.Count == 0) throw new BadCutException($"the assembly '{Short(element.Attributes["fullname"])}' has no type in it: whole assemblies can't be cut", element.Line);
                    assemblies.Add(new AssemblySubstitution(SimpleName(element), element.Condition, types, element.Line));
                    types = [];
                    break;
                case 2:
                    if (methods.Count == 0) throw new BadCutException($"the type '{Short(element.Attributes["fullname"])}' has no method in it: whole types can't be cut", element.Line);
                    types.Add(new TypeSubstitution(Name(element, "fullname"), element.Condition, methods, element.Line));
                    methods = [];
                    break;
                default:
                    MethodSubstitution method = Method(element);
                    Element type = path.Peek(), assembly = path.ElementAt(1);
                    var key = (SimpleName(assembly).ToUpperInvariant(), type.Attributes["fullname"], method.Signature, assembly.Condition, type.Condition, method.Condition);
                    if (!seen.TryAdd(key, element.Line)) throw new BadCutException($"the method '{Short(method.Signature)}' stands on line {seen[key]} already", element.Line);
                    methods.Add(method);
                    break;
            }
        }
    }

    private static Element Begin(XmlReader reader, int depth, int line)
    {
        string name = reader.Name;
        if (depth >= s_elements.Length || name != s_elements[depth])
        {
            string where = depth == 0 ? "at its root" : $"in '{s_elements[Math.Min(depth, s_elements.Length) - 1]}'";
            throw new BadCutException($"the element '{Short(name)}' {where} is none that a cut has: linker, in it assembly, in it type, in it method", line);
        }
        if (reader.NamespaceURI.Length > 0) throw new BadCutException($"the element '{name}' is in a namespace, so that compilers would not see it", line);
        var element = new Element(line);
        while (reader.MoveToNextAttribute())
        {
            bool known = reader.Name switch
            {
                "feature" or "featurevalue" or "featuredefault" => true,
                "fullname" => depth is 1 or 2,
                "signature" or "body" or "value" => depth == 3,
                _ => false,
            };
            if (!known) throw new BadCutException($"the attribute '{Short(reader.Name)}' of '{name}' is none that a cut has", ((IXmlLineInfo)reader).LineNumber);
            if (reader.Value.Length > MaxNameLength) throw new BadCutException($"'{reader.Name}' has more than {MaxNameLength} characters", ((IXmlLineInfo)reader).LineNumber);
            element.Attributes[reader.Name] = reader.Value;
        }
        reader.MoveToElement();
        element.Condition = ConditionOf(element);
        // Names are needed by what is in it.
        if (depth is 1 or 2) Name(element, "fullname");
        return element;
    }

    private static FeatureCondition? ConditionOf(Element element)
    {
        element.Attributes.TryGetValue("feature", out string? feature);
        element.Attributes.TryGetValue("featurevalue", out string? value);
        element.Attributes.TryGetValue("featuredefault", out string? isDefault);
        if (feature is null && value is null && isDefault is null) return null;
        if (string.IsNullOrWhiteSpace(feature)) throw new BadCutException("'feature', the name of the switch, is missing", element.Line);
        if (!bool.TryParse(value, out _)) throw new BadCutException("'featurevalue' has to be true or false", element.Line);
        if (isDefault is not null && isDefault is not "true") throw new BadCutException("'featuredefault' can only be true", element.Line);
        return new FeatureCondition(feature, value.ToLowerInvariant(), isDefault is not null);
    }

    private static string SimpleName(Element assembly) => Name(assembly, "fullname").Split(',')[0].Trim();

    private static string Name(Element element, string attribute)
    {
        if (!element.Attributes.TryGetValue(attribute, out string? name) || string.IsNullOrWhiteSpace(name)) throw new BadCutException($"'{attribute}' is missing", element.Line);
        if (name.Contains('*', StringComparison.Ordinal) && attribute == "fullname") throw new BadCutException($"'{Short(name)}': a cut names one thing, not a pattern", element.Line);
        return name.Trim();
    }

    private static MethodSubstitution Method(Element element)
    {
        string signature = Name(element, "signature");
        element.Attributes.TryGetValue("value", out string? value);
        switch (Name(element, "body"))
        {
            case "stub":
                return new MethodSubstitution(signature, BodyChange.Stub, value, element.Condition, element.Line);
            case "remove":
                if (value is not null) throw new BadCutException("a body that is removed returns nothing: take 'value' out, or make it a stub", element.Line);
                return new MethodSubstitution(signature, BodyChange.Remove, null, element.Condition, element.Line);
            default:
                throw new BadCutException("'body' has to be stub or remove", element.Line);
        }
    }

    private static string Short(string text) => text.Length <= 80 ? text : text[..80] + "...";
}
