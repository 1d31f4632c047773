var g,Zt,pt,K,ft,Re,Qt,Oe,Yt,ht,dt,ei,ve=Symbol.for("pv"),Be={},De=[],ti=/^m(i|n|o|s|text|space)$/,_t=Array.isArray,vt=De.slice,Q=Object.assign;function Z(t){t&&t.parentNode&&t.remove()}function en(t,e,n){var o,i,r,s={},u=arguments.length;for(r in e)r=="key"?o=e[r]:r=="ref"&&typeof t!="function"?i=e[r]:s[r]=e[r];return u>2&&(s.children=u>3?vt.call(arguments,2):n),_e(t,s,o,i,null)}function _e(t,e,n,o,i){var r={type:t,props:e,key:n,ref:o,__k:null,__:null,__b:0,__e:null,__c:null,constructor:ve,__v:i||++Zt,__i:-1,__u:0};return!i&&g.vnode&&g.vnode(r),r}function N(t){return t.children}function re(t,e){this.props=t,this.context=e,this.__g=0}function q(t,e){if(e==null)return t.__&&q(t.__,t.__i+1);for(var n;e<t.__k.length;e++)if((n=t.__k[e])&&n.__e)return n.__e;return typeof t.type!="function"||t.props.__P?null:q(t)}function ni(t){var e,n=t.__v,o=n.__e,i=[],r=[],s=t.__P;s&&((e=Q({constructor:ve},n)).__v=n.__v+1,g.vnode&&g.vnode(e),mt(s,e,n,t.__n,s.namespaceURI,32&n.__u?[o]:null,i,o||q(n),32&n.__u,r),e.__v=n.__v,e.__.__k[e.__i]=e,an(i,e,r),n.__=n.__e=null,e.__e!=o&&tn(e))}function tn(t){if((t=t.__)&&t.__c&&!t.props.__P)return t.__e=null,t.__k.some(function(e){return e&&(t.__e=e.__e)}),tn(t)}function zt(t){(8&t.__g||(t.__g|=8,K.push(t),Re++))&&ft==g.debounceRendering||((ft=g.debounceRendering)||queueMicrotask)(nn)}function nn(){try{for(var t,e=1;K.length;)K.length>e&&K.sort(Qt),t=K.shift(),e=K.length,8&t.__g&&ni(t)}finally{(Re=K.length)&&(ft||queueMicrotask)(nn)}}function on(t,e,n,o,i,r,s,u,f,d,c){var h,v,l,p,w,m,x=o.__k||De,y=e.length;for(f=oi(n,e,x,f,y),h=0;h<y;h++)(l=n.__k[h])!=null&&(v=~l.__i&&x[l.__i]||Be,l.__i=h,m=mt(t,l,v,i,r,s,u,f,d,c),p=l.__e,(v.ref!=l.ref||8&v.__u)&&(v.ref&&gt(v.ref,null,l,v),l.ref&&c.push(l.ref,l.__c||p,l)),w=w||p,4&l.__u?(f=rn(l,f,t,!v.__v),v.__e&&(v.__e=null)):typeof l.type=="function"&&m!==void 0?f=m:p&&(f=p.nextSibling),l.__u&=-21);return n.__e=w,f}function oi(t,e,n,o,i){var r,s,u,f,d,c,h,v,l,p=n.length,w=p,m=0,x=0,y=t.__k=Array(i);for(r=0;r<i;r++)(s=e[r])!=null&&typeof s!="boolean"&&typeof s!="function"?(typeof s!="object"||s.constructor===String?s=y[r]=_e(null,s):_t(s)?s=y[r]=_e(N,{children:s}):s.constructor===ve&&s.__b?s=y[r]=_e(s.type,s.props,s.key,s.ref,s.__v):y[r]=s,f=r+m,s.__=t,s.__b=t.__b+1,u=null,~(d=s.__i=ii(s,n,f,w))&&(w--,(u=n[d])&&(u.__u|=2)),u&&u.__v?(s.__u|=16,d==f-1?m--:d==f+1?m++:d!=f&&(d>f?m--:m++,x=1)):(~d||(i>p?m--:i<p&&m++),typeof s.type!="function"&&(s.__u|=4))):y[r]=null;if(x){for(c=[],h=[],r=0;r<i;r++)if((s=y[r])&&16&s.__u){for(m=0,v=c.length;m<v;)c[l=m+v>>1]<s.__i?m=l+1:v=l;c[m]=s.__i,h[r]=m+1}for(m=c.length;r--;)h[r]&&(h[r]==m?m--:y[r].__u|=4)}if(w)for(r=0;r<p;r++)!(u=n[r])||2&u.__u||(u.__e==o&&(o=q(u)),yt(u,u));return o}function rn(t,e,n,o){var i,r,s,u;if(typeof t.type=="function"){if(t.props.__P)return e;if(i=t.__k)for(r=0;r<i.length;r++)i[r]&&(i[r].__=t,e=rn(i[r],e,n,!1));return e}for(e&&!e.parentNode&&(e=q(t))&&!e.parentNode&&(e=null),s=t.__e,u=e;u&&u.nodeType==8;)u=u.nextSibling;for(s!=u&&(!o&&n.moveBefore&&s.parentNode?n.moveBefore(s,e):n.insertBefore(s,e||null)),e=s;(e=e&&e.nextSibling)&&e.nodeType==8&&!e.data.startsWith("$s"););return e}function ii(t,e,n,o){var i,r=t.key,s=t.type,u=e[n],f=u&&!(2&u.__u);if(u===null&&r==null||f&&r==u.key&&s==u.type)return n;if(o>(f?1:0)){for(i=n-1;i>=0;i--)if((u=e[i])&&!(2&u.__u)&&r==u.key&&s==u.type)return i;for(i=n+1;i<e.length;i++)if((u=e[i])&&!(2&u.__u)&&r==u.key&&s==u.type)return i}return-1}function Xt(t,e,n){n==null&&(n=""),e[0]=="-"?t.setProperty(e,n):t[e]=n}function Le(t,e,n,o,i){var r,s;if(e=="style")if(typeof n=="string")t.style.cssText=n;else{if(typeof o=="string"&&(t.style.cssText=o=""),o)for(e in o)n&&e in n||Xt(t.style,e);if(n)for(e in n)o&&n[e]==o[e]||Xt(t.style,e,n[e])}else if(e[0]=="o"&&e[1]=="n")typeof n!="function"&&(n=null),typeof o!="function"&&(o=null),(t.__e||(t.__e={}))[e]=n,n&&o||(s=dt[e]||(dt[e]=ri(e)),(t.__a||(t.__a={}))[e]=ht,r=e!=(e=e.replace(Yt,"$1")),(e=e.slice(2))[0]<"a"&&(e=e.toLowerCase()),n?t.addEventListener(e,s,r):t.removeEventListener(e,s,r));else{if(i=="http://www.w3.org/2000/svg")e=e.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(e!="width"&&e!="height"&&e!="href"&&e!="list"&&e!="form"&&e!="tabIndex"&&e!="download"&&e!="rowSpan"&&e!="colSpan"&&e!="role"&&e!="popover"&&e in t)try{return void(t[e]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&e[4]!="-"?t.removeAttribute(e):t.setAttribute(e,e=="popover"&&n==1?"":n)}}function ri(t){return function(e){var n=this.__e;if(n){if(n=n[t],e[Oe]==null)e[Oe]=ht++;else if(e[Oe]<this.__a[t])return;return n(g.event?g.event(e):e)}}}function mt(t,e,n,o,i,r,s,u,f,d){var c,h,v,l,p,w,m,x,y,M,b,ct,Gt,Pe,z,Vt,F,X,I=e.type;if(e.constructor!==ve)return null;128&n.__u&&(f=32&n.__u,c=n.__c.__z)&&(e.__u|=f,h=r=[],c.nodeType==8?u=Ne(c,r):r.push(c),u=r[0]||u),(c=g.__b)&&c(e);e:if(typeof I=="function"){v=s.length;try{if(x=e.props,y=(c=I.prototype)&&c.render,M=(c=I.contextType)&&o[c.__c],b=c?M?M.props.value:c.__:o,(l=n.__c)?(e.__c=l,2&l.__g&&(l.__g|=1)):(y?e.__c=l=new I(x,b):(e.__c=l=new re(x,b),l.constructor=I,l.render=ai),M&&M.sub(l),l.state||(l.state={}),l.__n=o,l.__g|=8,l.__h=[],l.__k=[]),y&&(l.__s||(l.__s=l.state),I.getDerivedStateFromProps&&(l.__s==l.state&&(l.__s=Q({},l.__s)),Q(l.__s,I.getDerivedStateFromProps(x,l.__s)))),p=l.props,w=l.state,l.__v=e,n.__c){if(x!==p&&y&&!I.getDerivedStateFromProps&&l.componentWillReceiveProps&&l.componentWillReceiveProps(x,b),e.__v==n.__v&&!(8&l.__g)||!(4&l.__g)&&l.shouldComponentUpdate&&l.shouldComponentUpdate(x,l.__s,b)===!1){e.__v!=n.__v&&(l.props=x,l.state=l.__s,l.__g&=-9),e.__e=n.__e,e.__k=n.__k,e.__k.some(function(L){L&&(L.__=e)}),De.push.apply(l.__h,l.__k),l.__k=[],l.__h.length&&s.push(l),u=q(n);break e}l.componentWillUpdate&&l.componentWillUpdate(x,l.__s,b),y&&l.componentDidUpdate&&l.__h.push(function(){l.componentDidUpdate(p,w,m)})}else y&&!I.getDerivedStateFromProps&&l.componentWillMount&&l.componentWillMount(),y&&l.componentDidMount&&l.__h.push(l.componentDidMount);l.context=b,l.props=x,l.__P=t,l.__g&=-5,ct=g.__r,Gt=y?25:0;do l.__g&=-9,ct&&ct(e),c=l.render(l.props,l.state=l.__s,l.context);while(8&l.__g&&++Gt<25);y&&(De.push.apply(l.__h,l.__k),l.__k=[]),l.state=l.__s,l.getChildContext&&(o=Q({},o,l.getChildContext())),y&&n.__c&&l.getSnapshotBeforeUpdate&&(m=l.getSnapshotBeforeUpdate(p,w)),Pe=c&&c.type===N&&c.key==null?c.props.children:c,x.__P&&(c=u,i=(t=x.__P).namespaceURI,f=r=null,n.props&&n.props.__P!=t&&(n.__k.some(function(L){L&&yt(L,L)}),n.__k=null),u=n.__k?q(n,0):null),u=on(t,_t(Pe)?Pe:[Pe],e,n,o,i,r,s,u,f,d),x.__P&&(e.__e=null,u=c),e.__u&=-161,h&&h.some(Z),l.__h.length&&s.push(l),1&l.__g&&(l.__g&=-4)}catch(L){if(s.length=v,e.__v=null,f||r)if(L&&L.then){if(e.__u|=128|f,r){for(~(F=r.indexOf(u||void 0))||(F=r.length);(X=r[F-1])&&X.nodeType==8;)F--;for(;F<r.length;F++)if(X=r[F])if(r[F]=null,z){if(X==Vt)break}else{if(X.nodeType!=8)break;X.data.startsWith("$s")&&(Vt=Ne(z=X))}}if(!z){for(;u&&u.nodeType==8&&u.nextSibling;)u=u.nextSibling;z=u}(c=Ne(z=e.__c.__z||(e.__c.__z=z)))?(e.__e=z,u=c):e.__e=u,u=u&&u.nextSibling}else r&&r.some(Z);else e.__e=n.__e;e.__k||(e.__k=n.__k||[]),L&&L.then||sn(e),g.__e(L,e,n)}}else u=e.__e=si(n.__e,e,n,o,i,r,s,f,d,t);return(c=g.diffed)&&c(e),u}function Ne(t,e){if(t&&t.nodeType==8&&t.data.startsWith("$s"))for(var n=1;t=t.nextSibling;){if(t.nodeType==8){if(t.data.startsWith("$s"))n++;else if(t.data.startsWith("/$s")&&!--n)return t}e&&e.push(t)}}function sn(t){t&&(t.__c&&(t.__c.__g|=4),t.__k&&t.__k.some(sn))}function an(t,e,n){for(var o=0;o<n.length;)gt(n[o++],n[o++],n[o++]);g.__c&&g.__c(e,t),t.some(function(i){try{t=i.__h,i.__h=[],t.some(function(r){r.call(i)})}catch(r){g.__e(r,i.__v)}})}function si(t,e,n,o,i,r,s,u,f,d){var c,h,v,l,p,w,m,x,y=n.props||Be,M=e.props,b=e.type;if(b=="svg"?i="http://www.w3.org/2000/svg":b=="math"?i="http://www.w3.org/1998/Math/MathML":i||(i="http://www.w3.org/1999/xhtml"),r){for(c=0;c<r.length;c++)if((p=r[c])&&(b?p.localName==b:p.nodeType==3)){t=p,r[c]=null;break}}if(!t){if(x=d.ownerDocument||document,!b)return x.createTextNode(M);t=x.createElementNS(i,b,M.is?M:d),u&&(g.__m&&g.__m(e,r),u=!1),r=null}if(b){if(d=b=="template"&&t.content||t,r=b=="textarea"&&M.defaultValue!=null?null:r&&vt.call(d.childNodes),!u&&r)for(y={},c=0;c<t.attributes.length;c++)y[(p=t.attributes[c]).name]=p.value;for(c in y)p=y[c],c=="dangerouslySetInnerHTML"?v=p:c=="children"||c in M||c=="value"&&"defaultValue"in M||c=="checked"&&"defaultChecked"in M||Le(t,c,null,p,i);for(c in M)p=M[c],c=="children"?l=p:c=="dangerouslySetInnerHTML"?h=p:c=="value"?w=p:c=="checked"?m=p:u&&typeof p!="function"||y[c]===p||Le(t,c,p,y[c],i);h?(u||v&&(h.__html==v.__html||h.__html==t.innerHTML)||(t.innerHTML=h.__html),e.__k=[]):(v&&(t.textContent=""),(b=="foreignObject"||i=="http://www.w3.org/1998/Math/MathML"&&ti.test(b))&&(i="http://www.w3.org/1999/xhtml"),on(d,_t(l)?l:[l],e,n,o,i,r,s,r?r[0]:n.__k&&q(n,0),u,f),r&&r.some(Z)),u&&b!="textarea"||(c="value",b=="progress"&&w==null?t.removeAttribute(c):w==null||w===t[c]&&(b!="progress"||w)||Le(t,c,w,y[c],i),c="checked",m!=null&&m!=t[c]&&Le(t,c,m,y[c],i))}else y===M||u&&t.data==M||(t.data=M);return t}function gt(t,e,n,o){try{typeof t=="function"?e?e.__x=t(e)||1:o&&(o=o.__c||o.__e)&&(e=o.__x)&&(o.__x=null,typeof e=="function"?e():t(null)):t.current=e}catch(i){g.__e(i,n)}}function yt(t,e,n){var o,i,r,s;if(g.unmount&&g.unmount(t),!(o=t.ref)||o.current&&o.current!=t.__e||gt(o,null,e,t),o=t.__c){if(o.componentWillUnmount)try{o.componentWillUnmount()}catch(u){g.__e(u,e)}o.__P=o.__n=null}if(o=t.__k)for(s=0;s<o.length;s++)o[s]&&yt(o[s],e,typeof t.type!="function"||n&&!t.props.__P);!n&&(o=t.__c)&&(o=o.__z)&&(i=Ne(o,r=[]))&&(o==t.__e&&r.some(Z),Z(i),Z(o)),n||Z(t.__e),t.__e=t.__c=t.__=null}function ai(t,e,n){return this.constructor(t,n)}function un(t,e){var n,o,i,r;g.__&&g.__(t,e),e.nodeType==9&&(e=e.documentElement),o=(n=t&&32&t.__u)?null:e.__k,e.__k=_e(N,{children:[t]}),i=[],r=[],mt(e,e.__k,o||Be,Be,e.namespaceURI,o?null:e.firstChild?vt.call(e.childNodes):null,i,o?o.__e:e.firstChild,n,r),an(i,e.__k,r),e.__k.props.children=null}g={__e:function(t,e,n,o){for(var i,r,s;e=e.__;)if((i=e.__c)&&!(1&i.__g)){i.__g|=4;try{if((s=(r=i.constructor)&&r.getDerivedStateFromError)&&i.setState(r.getDerivedStateFromError(t)),i.componentDidCatch&&(i.componentDidCatch(t,o||{}),s=1),s&&8&i.__g)return void(i.__g|=2)}catch(u){t=u}}throw Re=0,t}},Zt=0,pt=function(t){return t!=null&&t.constructor===ve},re.prototype.setState=function(t,e){var n=this.__s;n&&n!=this.state||(n=this.__s=Q({},this.state)),typeof t=="function"&&(t=t(Q({},n),this.props)),t&&(Q(n,t),this.__v&&(e&&this.__k.push(e),zt(this)))},re.prototype.forceUpdate=function(t){this.__v&&(this.__g|=4,t&&this.__h.push(t),zt(this))},re.prototype.render=N,K=[],Re=0,Qt=function(t,e){return t.__v.__b-e.__v.__b},Oe=Symbol(),Yt=/(PointerCapture)$|Capture$/i,ht=0,dt={},ei=0;var Ie,P,wt,ln,ui=Object.is,kt=0,gn=[],xt=[],S=g,cn=S.__b,fn=S.__r,dn=S.diffed,pn=S.__c,hn=S.unmount,_n=S.__;function yn(t,e){S.__h&&S.__h(P,t,kt||e),kt=0;var n=P.__H||(P.__H={__:[],__h:[]});return t>=n.__.length&&n.__.push({}),n.__[t]}function Y(t,e){var n=yn(Ie++,3);!S.__s&&wn(n.__H,e)&&(n.__P=!0,n.__=t,n.u=e,P.__H.__h.push(n))}function se(t){return kt=5,$e(function(){return{current:t}},[])}function $e(t,e){var n=yn(Ie++,7);return wn(n.__H,e)&&(n.__=t(),n.__H=e),n.__}function li(){var t;do{for(;t=xt.shift();)try{me(t)}catch(n){S.__e(n,{__:(t=t.__P)&&t.__v})}for(;t=gn.shift();){var e=t.__H;if(t.__P&&e)try{e.__h.some(me),e.__h.some(bt),e.__h=[]}catch(n){e.__h=[],S.__e(n,t.__v)}}}while(xt.length)}S.__b=function(t){P=null,cn&&cn(t)},S.__=function(t,e){t&&e.__k&&e.__k.__m&&(t.__m=e.__k.__m),_n&&_n(t,e)},S.__r=function(t){fn&&fn(t),Ie=0;var e=(P=t.__c).__H;e&&(wt==P?P.__h=[]:(e.__h.some(me),e.__h.some(bt),Ie=0),e.__h=[],e.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),wt=P},S.diffed=function(t){dn&&dn(t);var e=t.__c;e&&e.__H&&(e.__H.__h.length&&mn(gn.push(e)),e.__H.__.some(function(n){n.u&&(n.__H=n.u)})),wt=P=null},S.__c=function(t,e){e.some(function(n){try{n.__h.some(me),n.__h=n.__h.filter(function(o){return!o.__||bt(o)})}catch(o){n.__h=[function(){throw o}]}}),pn&&pn(t,e)},S.unmount=function(t){hn&&hn(t);var e,n,o=t.__c;o&&o.__H&&(o.__H.__.some(function(i){try{if(i.__P&&i.__c){if(n===void 0){for(n=t.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}i.__P=n,mn(xt.push(i))}else me(i)}catch(r){e=r}}),o.__H=void 0,e&&S.__e(e,o.__v))};var vn=typeof requestAnimationFrame=="function";function ci(t){var e,n=function(){clearTimeout(o),vn&&cancelAnimationFrame(e),setTimeout(t)},o=setTimeout(n,35);vn&&(e=requestAnimationFrame(n))}function mn(t){t!=1&&ln==S.requestAnimationFrame||((ln=S.requestAnimationFrame)||ci)(li)}function me(t){var e=P,n=t.__c;typeof n=="function"&&(t.__c=void 0,n()),P=e}function bt(t){var e=P;t.__c=t.__(),P=e}function wn(t,e){return!t||t.length!=e.length||e.some(function(n,o){return!ui(n,t[o])})}var fi=Symbol.for("preact-signals");function Fe(){if($>1)$--;else{var t,e=!1;for((function(){var i=je;for(je=void 0;i!==void 0;){var r=i.S;if(r.v===i.v)for(var s=r.t;s!==void 0;s=s.x)s.i===i.i&&(s.i=r.i);i=i.o}})();ye!==void 0;){var n=ye;for(ye=void 0,He++;n!==void 0;){var o=n.u;if(n.u=void 0,n.f&=-3,!(8&n.f)&&xn(n))try{n.c()}catch(i){e||(t=i,e=!0)}n=o}}if(He=0,$--,e)throw t}}function Tt(t){if($>0)return t();St=++di,$++;try{return t()}finally{Fe()}}var ge,k=void 0;function we(t){var e=k,n=ge;k=void 0,ge=void 0;try{return t()}finally{k=e,ge=n}}var ye=void 0,$=0,He=0,di=0,St=0,je=void 0,Ue=0;function kn(t){if(k!==void 0){var e=t.n;if(e===void 0||e.t!==k)return e={i:0,S:t,p:k.s,n:void 0,t:k,e:void 0,x:void 0,r:e},k.s!==void 0&&(k.s.n=e),k.s=e,t.n=e,32&k.f&&t.S(e),e;if(e.i===-1)return e.i=0,e.n!==void 0&&(e.n.p=e.p,e.p!==void 0&&(e.p.n=e.n),e.p=k.s,e.n=void 0,k.s.n=e,k.s=e),e}}function T(t,e){this.v=t,this.i=0,this.n=void 0,this.t=void 0,this.l=0,this.W=e?.watched,this.Z=e?.unwatched,this.name=e?.name}T.prototype.brand=fi;T.prototype.h=function(){return!0};T.prototype.S=function(t){var e=this,n=this.t;n!==t&&t.e===void 0&&(t.x=n,this.t=t,n!==void 0?n.e=t:we(function(){var o;(o=e.W)==null||o.call(e)}))};T.prototype.U=function(t){var e=this;if(this.t!==void 0){var n=t.e,o=t.x;n!==void 0&&(n.x=o,t.e=void 0),o!==void 0&&(o.e=n,t.x=void 0),t===this.t&&(this.t=o,o===void 0&&we(function(){var i;(i=e.Z)==null||i.call(e)}))}};T.prototype.subscribe=function(t){var e=this;return E(function(){var n=e.value;we(function(){return t(n)})},{name:"sub"})};T.prototype.valueOf=function(){return this.value};T.prototype.toString=function(){return this.value+""};T.prototype.toJSON=function(){return this.value};T.prototype.peek=function(){var t=this;return we(function(){return t.value})};Object.defineProperty(T.prototype,"value",{get:function(){var t=kn(this);return t!==void 0&&(t.i=this.i),this.v},set:function(t){if(t!==this.v){if(He>100)throw new Error("Cycle detected");(function(n){$!==0&&He===0&&n.l!==St&&(n.l=St,je={S:n,v:n.v,i:n.i,o:je})})(this),this.v=t,this.i++,Ue++,$++;try{for(var e=this.t;e!==void 0;e=e.x)e.t.N()}finally{Fe()}}}});function _(t,e){return new T(t,e)}function xn(t){for(var e=t.s;e!==void 0;e=e.n)if(e.S.i!==e.i||!e.S.h()||e.S.i!==e.i)return!0;return!1}function bn(t){for(var e=t.s;e!==void 0;e=e.n){var n=e.S.n;if(n!==void 0&&(e.r=n),e.S.n=e,e.i=-1,e.n===void 0){t.s=e;break}}}function Sn(t){for(var e=t.s,n=void 0;e!==void 0;){var o=e.p;e.i===-1?(e.S.U(e),o!==void 0&&(o.n=e.n),e.n!==void 0&&(e.n.p=o)):n=e,e.S.n=e.r,e.r!==void 0&&(e.r=void 0),e=o}t.s=n}function ee(t,e){T.call(this,void 0,e),this.x=t,this.s=void 0,this.g=Ue-1,this.f=4}ee.prototype=new T;ee.prototype.h=function(){if(this.f&=-3,1&this.f)return!1;if((36&this.f)==32||(this.f&=-5,this.g===Ue))return!0;if(this.g=Ue,this.f|=1,this.i>0&&!xn(this))return this.f&=-2,!0;var t=k;try{bn(this),k=this;var e=this.x();(16&this.f||this.v!==e||this.i===0)&&(this.v=e,this.f&=-17,this.i++)}catch(n){this.v=n,this.f|=16,this.i++}return k=t,Sn(this),this.f&=-2,!0};ee.prototype.S=function(t){if(this.t===void 0){this.f|=36;for(var e=this.s;e!==void 0;e=e.n)e.S.S(e)}T.prototype.S.call(this,t)};ee.prototype.U=function(t){if(this.t!==void 0&&(T.prototype.U.call(this,t),this.t===void 0)){this.f&=-33;for(var e=this.s;e!==void 0;e=e.n)e.S.U(e)}};ee.prototype.N=function(){if(!(2&this.f)){this.f|=6;for(var t=this.t;t!==void 0;t=t.x)t.t.N()}};Object.defineProperty(ee.prototype,"value",{get:function(){if(1&this.f)throw new Error("Cycle detected");var t=kn(this);if(this.h(),t!==void 0&&(t.i=this.i),16&this.f)throw this.v;return this.v}});function B(t,e){return new ee(t,e)}function Tn(t){var e=t.j;if(t.j=void 0,typeof e=="function"){$++;var n=k;k=void 0;try{e()}catch(o){throw t.f&=-2,t.f|=8,Mt(t),o}finally{k=n,Fe()}}}function Mt(t){for(var e=t.s;e!==void 0;e=e.n)e.S.U(e);t.x=void 0,t.s=void 0,Tn(t)}function pi(t){if(k!==this)throw new Error("Out-of-order effect");Sn(this),k=t,this.f&=-2;try{8&this.f&&Mt(this)}finally{Fe()}}function ae(t,e){this.x=t,this.j=void 0,this.s=void 0,this.u=void 0,this.f=32,this.name=e?.name,ge&&ge.push(this)}ae.prototype.c=function(){var t=this.S();try{if(8&this.f||this.x===void 0)return;var e=this.x();typeof e=="function"&&(this.j=e)}finally{t()}};ae.prototype.S=function(){if(1&this.f)throw new Error("Cycle detected");this.f|=1,this.f&=-9,Tn(this),bn(this),$++;var t=k;return k=this,pi.bind(this,t)};ae.prototype.N=function(){2&this.f||(this.f|=2,this.u=ye,ye=this)};ae.prototype.d=function(){this.f|=8,1&this.f||Mt(this)};ae.prototype.dispose=function(){this.d()};function E(t,e){var n=new ae(t,e);try{n.c()}catch(i){throw n.d(),i}var o=n.d.bind(n);return o[Symbol.dispose]=o,o}var Mn,qe,Ke,hi=typeof window<"u"&&!!window.__PREACT_SIGNALS_DEVTOOLS__;var Cn=[];E(function(){Mn=this.N})();function ue(t,e){g[t]=e.bind(null,g[t]||function(){})}function ke(t){if(Ke){var e=Ke;Ke=void 0,e()}Ke=t&&t.S()}function En(t){var e=this,n=t.data,o=vi(n);o.name="ReactiveDom",o.value=n;var i=$e(function(){for(var u=e,f=e.__v;f=f.__;)if(f.__c){f.__c.__$f|=4;break}var d=B(function(){var l=o.value.value;return l===0?0:l===!0?"":l||""}),c=B(function(){return!Array.isArray(d.value)&&!pt(d.value)}),h=E(function(){if(this.N=An,c.value){var l=d.value;u.__v&&u.__v.__e&&u.__v.__e.nodeType===3&&(u.__v.__e.data=l)}}),v=e.__$u.d;return e.__$u.d=function(){h(),v.call(this)},[c,d]},[]),r=i[0],s=i[1];return r.value?s.peek():s.value}En.displayName="ReactiveTextNode";Object.defineProperties(T.prototype,{constructor:{configurable:!0,value:en(N,null).constructor},type:{configurable:!0,value:En},props:{configurable:!0,get:function(){var t=this;return{data:{get value(){return t.value}}}}},__b:{configurable:!0,value:1}});ue("__b",function(t,e){if(ke(),qe=void 0,typeof e.type=="string"){var n,o=e.props;for(var i in o)if(i!=="children"){var r=o[i];r instanceof T&&(n||(e.__np=n={}),n[i]=r,o[i]=r.peek())}}t(e)});ue("__r",function(t,e){if(t(e),e.type!==N){ke();var n,o=e.__c;o&&(o.__$f&=-2,(n=o.__$u)===void 0&&(o.__$u=n=(function(i,r){var s;return E(function(){s=this},{name:r}),s.c=i,s})((function(i){return function(){var r;hi&&((r=this.y)==null||r.call(this)),i.__$f|=1,i.setState({})}})(o),typeof e.type=="function"?e.type.displayName||e.type.name:""))),qe=o,ke(n)}});ue("__e",function(t,e,n,o){ke(),qe=void 0,t(e,n,o)});ue("diffed",function(t,e){ke(),qe=void 0;var n;if(typeof e.type=="string"&&(n=e.__e)){var o=e.__np,i=e.props,r=n.U;if(r)for(var s in r){var u=r[s];u===void 0||o&&s in o||(u.d(),r[s]=void 0)}if(o){r||(r={},n.U=r);for(var f in o){var d=r[f],c=o[f];d===void 0?(d=_i(n,f,c,i),r[f]=d):d.o(c,i)}}}t(e)});function _i(t,e,n,o){var i=e in t&&t.ownerSVGElement===void 0,r=_(n);return{o:function(s,u){r.value=s,o=u},d:E(function(){this.N=An;var s=r.value.value;o[e]!==s&&(o[e]=s,i?t[e]=s:s!=null&&(s!==!1||e[4]==="-")?t.setAttribute(e,s):t.removeAttribute(e))})}}ue("unmount",function(t,e){if(typeof e.type=="string"){var n=e.__e;if(n){var o=n.U;if(o){n.U=void 0;for(var i in o){var r=o[i];r&&r.d()}}}var s=e.__np;if(s){var u=e.props;for(var f in s)u[f]=s[f]}e.__np=void 0}else{var d=e.__c;if(d){d.__$f|=8;var c=d.__$u;c&&(d.__$u=void 0,c.d())}}t(e)});ue("__h",function(t,e,n,o){o<3&&(e.__$f|=2),t(e,n,o)});re.prototype.shouldComponentUpdate=function(t,e){if(this.__R)return!0;var n=this.__$u,o=n&&n.s!==void 0;for(var i in e)return!0;if(this.__f||typeof this.u=="boolean"&&this.u===!0){var r=2&this.__$f;if(!(o||r||4&this.__$f)||1&this.__$f)return!0}else if(!(o||4&this.__$f)||3&this.__$f)return!0;for(var s in t)if(s!=="__source"&&t[s]!==this.props[s])return!0;for(var u in this.props)if(!(u in t))return!0;return!1};function vi(t,e){return $e(function(){return _(t,e)},[])}var mi=function(t){queueMicrotask(function(){queueMicrotask(t)})};function gi(){Tt(function(){for(var t;t=Cn.shift();)Mn.call(t)})}function An(){Cn.push(this)===1&&(g.requestAnimationFrame||mi)(gi)}var Pn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-audio-lines"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M2 10v3" />
  <path d="M6 6v11" />
  <path d="M10 3v18" />
  <path d="M14 8v7" />
  <path d="M18 5v13" />
  <path d="M22 10v3" />
</svg>
`;var Ln=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-check"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M20 6 9 17l-5-5" />
</svg>
`;var On=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-chevron-down"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="m6 9 6 6 6-6" />
</svg>
`;var Nn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-circle-alert"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <circle cx="12" cy="12" r="10" />
  <line x1="12" x2="12" y1="8" y2="12" />
  <line x1="12" x2="12.01" y1="16" y2="16" />
</svg>
`;var Rn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-dices"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <rect width="12" height="12" x="2" y="10" rx="2" ry="2" />
  <path d="m17.92 14 3.5-3.5a2.24 2.24 0 0 0 0-3l-5-4.92a2.24 2.24 0 0 0-3 0L10 6" />
  <path d="M6 18h.01" />
  <path d="M10 14h.01" />
  <path d="M15 6h.01" />
  <path d="M18 9h.01" />
</svg>
`;var Bn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-download"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M12 15V3" />
  <path d="M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4" />
  <path d="m7 10 5 5 5-5" />
</svg>
`;var Dn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-folder"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M20 20a2 2 0 0 0 2-2V8a2 2 0 0 0-2-2h-7.9a2 2 0 0 1-1.69-.9L9.6 3.9A2 2 0 0 0 7.93 3H4a2 2 0 0 0-2 2v13a2 2 0 0 0 2 2Z" />
</svg>
`;var In=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-keyboard"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M10 8h.01" />
  <path d="M12 12h.01" />
  <path d="M14 8h.01" />
  <path d="M16 12h.01" />
  <path d="M18 8h.01" />
  <path d="M6 8h.01" />
  <path d="M7 16h10" />
  <path d="M8 12h.01" />
  <rect width="20" height="16" x="2" y="4" rx="2" />
</svg>
`;var $n=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-lock"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <rect width="18" height="11" x="3" y="11" rx="2" ry="2" />
  <path d="M7 11V7a5 5 0 0 1 10 0v4" />
</svg>
`;var Hn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-lock-open"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <rect width="18" height="11" x="3" y="11" rx="2" ry="2" />
  <path d="M7 11V7a5 5 0 0 1 9.9-1" />
</svg>
`;var jn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-moon"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M20.985 12.486a9 9 0 1 1-9.473-9.472c.405-.022.617.46.402.803a6 6 0 0 0 8.268 8.268c.344-.215.825-.004.803.401" />
</svg>
`;var Un=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-pause"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <rect x="14" y="3" width="5" height="18" rx="1" />
  <rect x="5" y="3" width="5" height="18" rx="1" />
</svg>
`;var Fn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-play"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M5 5a2 2 0 0 1 3.008-1.728l11.997 6.998a2 2 0 0 1 .003 3.458l-12 7A2 2 0 0 1 5 19z" />
</svg>
`;var Kn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-plus"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M5 12h14" />
  <path d="M12 5v14" />
</svg>
`;var qn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-redo-2"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="m15 14 5-5-5-5" />
  <path d="M20 9H9.5A5.5 5.5 0 0 0 4 14.5A5.5 5.5 0 0 0 9.5 20H13" />
</svg>
`;var Wn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-repeat"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="m17 2 4 4-4 4" />
  <path d="M3 11v-1a4 4 0 0 1 4-4h14" />
  <path d="m7 22-4-4 4-4" />
  <path d="M21 13v1a4 4 0 0 1-4 4H3" />
</svg>
`;var Jn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-square"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <rect width="18" height="18" x="3" y="3" rx="2" />
</svg>
`;var Gn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-star"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M11.525 2.295a.53.53 0 0 1 .95 0l2.31 4.679a2.123 2.123 0 0 0 1.595 1.16l5.166.756a.53.53 0 0 1 .294.904l-3.736 3.638a2.123 2.123 0 0 0-.611 1.878l.882 5.14a.53.53 0 0 1-.771.56l-4.618-2.428a2.122 2.122 0 0 0-1.973 0L6.396 21.01a.53.53 0 0 1-.77-.56l.881-5.139a2.122 2.122 0 0 0-.611-1.879L2.16 9.795a.53.53 0 0 1 .294-.906l5.165-.755a2.122 2.122 0 0 0 1.597-1.16z" />
</svg>
`;var Vn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-sun"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <circle cx="12" cy="12" r="4" />
  <path d="M12 2v2" />
  <path d="M12 20v2" />
  <path d="m4.93 4.93 1.41 1.41" />
  <path d="m17.66 17.66 1.41 1.41" />
  <path d="M2 12h2" />
  <path d="M20 12h2" />
  <path d="m6.34 17.66-1.41 1.41" />
  <path d="m19.07 4.93-1.41 1.41" />
</svg>
`;var zn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-sun-moon"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M12 2v2" />
  <path d="M14.837 16.385a6 6 0 1 1-7.223-7.222c.624-.147.97.66.715 1.248a4 4 0 0 0 5.26 5.259c.589-.255 1.396.09 1.248.715" />
  <path d="M16 12a4 4 0 0 0-4-4" />
  <path d="m19 5-1.256 1.256" />
  <path d="M20 12h2" />
</svg>
`;var Xn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-trash-2"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M10 11v6" />
  <path d="M14 11v6" />
  <path d="M19 6v14a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V6" />
  <path d="M3 6h18" />
  <path d="M8 6V4a2 2 0 0 1 2-2h4a2 2 0 0 1 2 2v2" />
</svg>
`;var Zn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-undo-2"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M9 14 4 9l5-5" />
  <path d="M4 9h10.5a5.5 5.5 0 0 1 5.5 5.5a5.5 5.5 0 0 1-5.5 5.5H11" />
</svg>
`;var Qn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-volume-2"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M11 4.702a.705.705 0 0 0-1.203-.498L6.413 7.587A1.4 1.4 0 0 1 5.416 8H3a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2.416a1.4 1.4 0 0 1 .997.413l3.383 3.384A.705.705 0 0 0 11 19.298z" />
  <path d="M16 9a5 5 0 0 1 0 6" />
  <path d="M19.364 18.364a9 9 0 0 0 0-12.728" />
</svg>
`;var Yn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-volume-x"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M11 4.702a.7.7 0 0 0-1.203-.498L6.413 7.587A1.4 1.4 0 0 1 5.416 8H3a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2.416a1.4 1.4 0 0 1 .997.413l3.383 3.384A.7.7 0 0 0 11 19.298z" />
  <path d="m16.5 14.5 5-5" />
  <path d="m16.5 9.5 5 5" />
</svg>
`;var eo=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-x"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M18 6 6 18" />
  <path d="m6 6 12 12" />
</svg>
`;var qi=Symbol.for("pv"),Wi=0;function a(t,e,n,o,i,r){e||(e={});var s,u,f=e;if("ref"in f&&typeof t!="function")for(u in f={},e)u=="ref"?s=e[u]:f[u]=e[u];var d={type:t,props:f,key:n,ref:s,__k:null,__:null,__b:0,__e:null,__c:null,constructor:qi,__v:--Wi,__i:-1,__u:0};return(i||r)&&(d.__source=i,d.__self=r),g.vnode&&g.vnode(d),d}var Ji={audioLines:Pn,check:Ln,chevronDown:On,circleAlert:Nn,dices:Rn,download:Bn,folder:Dn,keyboard:In,lock:$n,moon:jn,pause:Un,play:Fn,plus:Kn,redo:qn,repeat:Wn,square:Jn,star:Gn,sun:Vn,sunMoon:zn,trash:Xn,undo:Zn,unlock:Hn,volume:Qn,volumeOff:Yn,x:eo};function O({name:t,filled:e=!1}){return a("span",{class:e?"icon filled":"icon","aria-hidden":"true",dangerouslySetInnerHTML:{__html:Ji[t]}})}function te(t,e){let n=`distill.${t}`,o=_(Gi(n,e));return E(()=>Vi(n,o.value)),o}function Gi(t,e){try{let n=localStorage.getItem(t);return n===null?e:JSON.parse(n)}catch{return e}}function Vi(t,e){try{localStorage.setItem(t,JSON.stringify(e))}catch{}}var ne=_([]),We=te("letterKeys",!0);function Je(t,e){Y(()=>zi(t,e),[])}function zi(t,e){let n={name:t,bindings:e};return ne.value=[n,...ne.value],()=>{ne.value=ne.value.filter(o=>o!==n)}}var Xi={Comma:",",Period:"."};function Zi(t){let e=t.shiftKey?Xi[t.code]:void 0,n=e??(t.key===" "?"Space":t.key),o=n.length===1,i=t.ctrlKey||t.metaKey?"Ctrl+":"",r=t.shiftKey&&(!o||e||i)?"Shift+":"";return i+r+(o?n.toLowerCase():n)}function Qi(t,e){return t instanceof HTMLElement?t.isContentEditable||t.closest("dialog[open]")||t instanceof HTMLTextAreaElement||t instanceof HTMLSelectElement?!0:t instanceof HTMLInputElement?t.type==="checkbox"||t.type==="radio"?e==="Space":t.type==="range"?/Arrow|Home|End|Page/.test(e):!0:t.tagName==="SUMMARY"&&e==="Space":!1}function Yi(t){let e=Zi(t);if(t.defaultPrevented||t.altKey||Qi(t.target,e)||e.length===1&&/[a-z]/.test(e)&&!We.value)return;let n=ne.value.flatMap(o=>o.bindings).find(o=>o.key===e);n&&(t.preventDefault(),n.run(t))}function er(t){t.key===" "&&t.target instanceof HTMLButtonElement&&t.preventDefault()}function to(){document.addEventListener("keydown",Yi),document.addEventListener("keyup",er)}var xe=_(!1);function no(){let t=se(null);Je("Page",[{key:"?",does:"Show the keys",run:()=>{xe.value=!0}}]);let e=xe.value;return Y(()=>{e?t.current?.showModal():t.current?.close()},[e]),a("dialog",{ref:t,class:"key-help","aria-labelledby":"key-help-title",onClose:()=>{xe.value=!1},children:[a("div",{class:"row",children:[a("h2",{id:"key-help-title",children:"Keys"}),a("button",{type:"button",class:"spread small-button",onClick:()=>t.current?.close(),children:"Close"})]}),a("div",{class:"key-groups",children:ne.value.map(n=>a("section",{children:[a("h3",{children:n.name}),a("dl",{children:n.bindings.map(o=>a("div",{children:[a("dt",{children:a("kbd",{children:nr(o.key)})}),a("dd",{children:o.does})]},o.key))})]},n.name))}),a("label",{class:"field",children:[a("input",{type:"checkbox",checked:We.value,onChange:n=>{We.value=n.currentTarget.checked}}),a("span",{children:"Keys of a single letter do something"})]})]})}var tr={ArrowUp:"↑",ArrowDown:"↓",ArrowLeft:"←",ArrowRight:"→",Delete:"Del"};function nr(t){return t.split("+").map(e=>tr[e]??(e.length===1?e.toUpperCase():e)).join(" ")}var Ct=matchMedia("(prefers-color-scheme: light)"),oo=_(Ct.matches);Ct.addEventListener("change",()=>{oo.value=Ct.matches});var H=te("theme","auto"),At=B(()=>H.value==="auto"?oo.value:H.value==="light");E(()=>{let t=document.documentElement;H.value==="auto"?delete t.dataset.theme:t.dataset.theme=H.value});var Et=matchMedia("(prefers-reduced-motion: reduce)"),Pt=_(Et.matches);Et.addEventListener("change",()=>{Pt.value=Et.matches});function io(t){At.value,Ge.style.color=`var(--${t})`,document.body.append(Ge);let e=getComputedStyle(Ge).color;return Ge.remove(),e}var Ge=document.createElement("span");var or=1e4,le=_([]),Ve=_(""),be=_(""),ir=0;function Se(t){let e=Lt(t);rr({id:++ir,text:e,isBad:!0}),be.value=e}function Lt(t){return t instanceof Error?t.message:String(t)}function rr(t){le.value=[...le.value.slice(-2),t],setTimeout(()=>ze(t.id),or)}function ze(t){le.value=le.value.filter(e=>e.id!==t)}function ro(t,e,n){let o=t+e;return!n||o<n.to||n.to<=n.from?o:n.from+(o-n.from)%(n.to-n.from)}var Xe=class{constructor(e,n,o,i){this.context=e;this.order=i;this.started=e.currentTime+.02,this.loop=i.loop,this.side=i.side;let r=this.loop&&(i.at<this.loop.from||i.at>=this.loop.to);this.at=r&&this.loop?this.loop.from:i.at,o.forEach((s,u)=>{this.add(s,u,n)})}context;order;sources=[];volumes=[];started;at;loop;side;add(e,n,o){let i=new AudioBufferSourceNode(this.context,{buffer:e}),r=new GainNode(this.context,{gain:0});i.connect(r).connect(o),so(i,this.loop);let s=n===this.side?this.order.gains[n]??1:0;r.gain.setValueAtTime(0,this.started),r.gain.linearRampToValueAtTime(s,this.started+.004),i.start(this.started,Math.min(this.at,e.duration)),i.onended=()=>{n===this.side&&this.order.onEnd()},this.sources.push(i),this.volumes.push(r)}position(){let e=this.context.currentTime-this.started-(this.context.outputLatency||0);return ro(this.at,Math.max(0,e),this.loop)}setLoop(e){let n=this.context.currentTime;this.at=ro(this.at,Math.max(0,n-this.started),this.loop),this.started=n,this.loop=e;for(let o of this.sources)so(o,e)}setSide(e){this.side=e,this.volumes.forEach((n,o)=>{let i=o===e?this.order.gains[o]??1:0;Ot(this.context,n.gain,i,.01)})}stop(){let e=this.context.currentTime+.004;for(let n of this.volumes)Ot(this.context,n.gain,0,.004);for(let n of this.sources)n.onended=null,n.stop(e)}};function so(t,e){t.loop=e!==null,e&&(t.loopStart=e.from,t.loopEnd=e.to)}function Ot(t,e,n,o){let i=t.currentTime;e.cancelScheduledValues(i),e.setValueAtTime(e.value,i),e.linearRampToValueAtTime(n,i+o)}var Ze=class{constructor(e,n,o,i){this.context=e;this.order=i;this.loop=i.loop,this.side=i.side,this.elements=o.map(r=>new Audio(r)),this.elements.forEach((r,s)=>{let u=new GainNode(e,{gain:0});e.createMediaElementSource(r).connect(u).connect(n),this.volumes.push(u),r.currentTime=i.at,r.onended=()=>{s===this.side&&i.onEnd()}}),this.setSide(i.side)}context;order;elements;volumes=[];loop;side;async start(){await Promise.all(this.elements.map(e=>e.play()))}position(){let e=this.elements[this.side];if(!e)return 0;if(this.loop&&e.currentTime>=this.loop.to)for(let n of this.elements)n.currentTime=this.loop.from;return e.currentTime}setLoop(e){this.loop=e}setSide(e){this.side=e,this.volumes.forEach((n,o)=>{let i=o===e?this.order.gains[o]??1:0;Ot(this.context,n.gain,i,.01)})}stop(){for(let e of this.elements)e.onended=null,e.pause(),e.removeAttribute("src")}};var R=class extends Error{constructor(n,o,i="",r="",s={}){super(n);this.status=o;this.field=i;this.kind=r;this.body=s}status;field;kind;body},Nt="/api/v1",ao="The server of Distill does not answer: is `distill ui` still running?";async function uo(t,e,n){let o=n instanceof Blob,i=t==="GET"?{}:{"X-Distill":"1"};n!==void 0&&!o&&(i["Content-Type"]="application/json");let r;try{r=await fetch(Nt+e,{method:t,headers:i,body:o?n:n===void 0?null:JSON.stringify(n),credentials:"same-origin"})}catch{throw new R(ao,0)}if(!r.ok)throw await sr(r);return r}async function sr(t){let e={};try{e=await t.json()}catch{}let n=typeof e.error=="string"?e.error:ao,o=typeof e.field=="string"?e.field:"",i=typeof e.kind=="string"?e.kind:"";return new R(n,t.status,o,i,e)}async function lo(t){return t.status===204?void 0:t.json()}async function Qe(t){return lo(await uo("GET",t))}async function Ye(t,e={}){return lo(await uo("POST",t,e))}var ar=256<<20,W=new Map,et=new Map;function co(t,e){let n=W.get(e.audio);if(n)return W.delete(e.audio),W.set(e.audio,n),n;let o=ur(t,e);return W.set(e.audio,o),o.then(i=>{et.set(e.audio,4*i.length*i.numberOfChannels),lr()},()=>W.delete(e.audio)),o}async function ur(t,e){let n=await fetch(e.audio);if(!n.ok){let o=await n.json().catch(()=>({}));throw new R(o.error??`${e.title} cannot be played.`,n.status)}try{return await t.decodeAudioData(await n.arrayBuffer())}catch{throw new Error(`${e.title} cannot be played: the browser does not read it.`)}}function lr(){let t=[...et.values()].reduce((e,n)=>e+n,0);for(let e of W.keys()){if(t<=ar||W.size<=2)return;t-=et.get(e)??0,et.delete(e),W.delete(e)}}function fo(t){let e=t.map(o=>o.loudness).filter(o=>o!==null);if(e.length<t.length)return t.map(()=>1);let n=Math.min(...e);return t.map(o=>10**((n-(o.loudness??n))/20))}var cr=600,fr=.005,A=_(null),oe=_(null),V=_(0),de=_(!1),fe=_(!1),C=_(0),Te=_(!1),Me=_(null),Ce=te("volume",.8),nt=te("matched",!0),J,ce,j=null,G=0;function dr(){return J??=new AudioContext({latencyHint:"interactive"}),ce||(ce=new GainNode(J,{gain:Ce.value}),ce.connect(J.destination)),J.state==="suspended"&&J.resume(),{context:J,output:ce}}E(()=>{let t=Ce.value;J&&ce&&ce.gain.setTargetAtTime(t,J.currentTime,.01)});function Rt(){if(de.value||fe.value)it();else if(A.value){let t=C.value>=A.value.duration_s-.02;po(t?0:C.value)}}function D(t){let e=A.value?.duration_s??0,n=Math.min(Math.max(0,t),e);C.value=n,de.value&&po(n)}function Bt(){Te.value=!Te.value,j?.setLoop(tt())}function ot(t){let e=t&&t.to-t.from<fr;Me.value=e?null:t,j?.setLoop(tt())}function Dt(){oe.value&&(V.value=V.value===0?1:0,j?.setSide(V.value))}function it(){G++,j?.stop(),j=null,de.value=!1,fe.value=!1}function tt(){return!Te.value||!A.value?null:Me.value??{from:0,to:A.value.duration_s}}async function po(t){let e=A.value;if(!e)return;let n=++G,o=oe.value?[e,oe.value]:[e];mr(),fe.value=!0;try{let i=await pr(o,t,n);if(n!==G)return i?.stop();j?.stop(),j=i,de.value=!0,ho(n)}catch(i){if(n!==G)return;it(),Se(i)}finally{n===G&&(fe.value=!1)}}async function pr(t,e,n){let{context:o,output:i}=dr(),r={gains:nt.value?fo(t):t.map(()=>1),side:V.value,at:e,loop:tt(),onEnd:()=>hr(n)};if(t.some(u=>u.duration_s>cr)){let u=t.map(d=>d.audio),f=new Ze(o,i,u,r);return await f.start(),f}let s=await Promise.all(t.map(u=>co(o,u)));return n!==G?null:new Xe(o,i,s,{...r,side:V.value,loop:tt()})}function hr(t){if(t!==G)return;let e=A.value?.duration_s??0;it(),C.value=e}var _r=250;function ho(t){if(t!==G||!j)return;C.value=Math.min(j.position(),A.value?.duration_s??0);let e=()=>ho(t);Pt.value?setTimeout(e,_r):requestAnimationFrame(e)}var _o=new BroadcastChannel("distill-player"),vr=new Set;function mr(){_o.postMessage("playing")}_o.onmessage=()=>{it();for(let t of vr)t()};var vo=256,mo=4,gr=6,pe=new Map,yr=400;function wr(t,e){let n=t*48e3/Math.max(1,e),o=Math.floor(Math.log(Math.max(1,n/vo))/Math.log(mo));return vo*mo**Math.min(gr-1,Math.max(0,o))}async function go(t,e,n){let o=`${t}?per=${wr(e,n)}`,i=pe.get(o);if(!i){i=kr(o),pe.set(o,i),i.catch(()=>pe.delete(o));let r=pe.keys().next().value;pe.size>yr&&r&&pe.delete(r)}return{values:await i,seconds:e}}async function kr(t){let e=await fetch(t);if(!e.ok)throw new R("",e.status);return new Int8Array(await e.arrayBuffer())}function yo(t,e,n,o,i){let r=devicePixelRatio||1,s=Math.round(t.clientWidth*r),u=Math.round(t.clientHeight*r);t.width!==s&&(t.width=s),t.height!==u&&(t.height=u);let f=t.getContext("2d");if(!f)return;f.clearRect(0,0,s,u),f.fillStyle=i;let d=e.values.length/2,c=(o-n)/e.seconds*(d/Math.max(1,s)),h=n/e.seconds*d;for(let v=0;v<s;v++){let[l,p]=xr(e.values,h+v*c,c),w=(1-p/127)/2*u,m=(1-l/127)/2*u;f.fillRect(v,w,1,Math.max(r,m-w))}}function xr(t,e,n){let o=Math.max(0,Math.floor(e)),i=Math.min(t.length/2,Math.max(o+1,Math.floor(e+n))),r=0,s=0;for(let u=o;u<i;u++)r=Math.min(r,t[2*u]??0),s=Math.max(s,t[2*u+1]??0);return[r,s]}function rt(t,e=1){let n=10**e,o=Math.max(0,Math.round(t*n))/n,i=Math.floor(o/3600),r=Math.floor(o%3600/60),s=(o%60).toFixed(e).padStart(e?e+3:2,"0");return i?`${i}:${String(r).padStart(2,"0")}:${s}`:`${r}:${s}`}var wo=t=>rt(t,0);function ko(t){let e=["B","kB","MB","GB","TB"],n=t,o=0;for(;n>=1e3&&o<e.length-1;)n/=1e3,o++;return`${n<10&&o?n.toFixed(1):Math.round(n)} ${e[o]}`}function xo(t){let e=new Date(typeof t=="number"?t*1e3:t),n=e.toDateString()===new Date().toDateString();return e.toLocaleString("en-GB",{...n?{}:{day:"numeric",month:"short"},hour:"2-digit",minute:"2-digit"})}var bo=4,So=1,To=.1;function Mo(){let t=se(null),e=se(null),n=A.value,o=At.value,i=n?.duration_s??0;Y(()=>{let c=t.current;if(!c||!n?.peaks)return;let h=!1,v=async()=>{let w=await go(n.peaks,n.duration_s,c.clientWidth*2);h||yo(c,w,0,n.duration_s,io("muted"))},l=()=>{v().catch(()=>{})};l();let p=new ResizeObserver(l);return p.observe(c),()=>{h=!0,p.disconnect()}},[n?.key,o]);let r=c=>{let h=e.current?.getBoundingClientRect();return h?Math.min(1,Math.max(0,(c-h.left)/h.width))*i:0},s=c=>{if(c.button!==0||!n)return;let h=c.currentTarget;h.setPointerCapture(c.pointerId);let v=r(c.clientX),l=w=>{if(Math.abs(w.clientX-c.clientX)<bo)return;let m=r(w.clientX);ot({from:Math.min(v,m),to:Math.max(v,m)})},p=w=>{h.removeEventListener("pointermove",l),h.removeEventListener("pointerup",p),!(Math.abs(w.clientX-c.clientX)>=bo)&&(ot(null),D(v))};h.addEventListener("pointermove",l),h.addEventListener("pointerup",p)},u=c=>`${i?100*c/i:0}%`,f=Me.value,d=Math.min(C.value,i);return a("div",{ref:e,class:"wave",role:"slider",tabIndex:0,"aria-label":"Place in the sound","aria-valuemin":0,"aria-valuemax":Math.round(i*10)/10,"aria-valuenow":Math.round(d*10)/10,"aria-valuetext":`${d.toFixed(1)} of ${i.toFixed(1)} seconds`,"aria-disabled":!n,onPointerDown:s,onKeyDown:c=>br(c,i),children:[a("canvas",{ref:t,"aria-hidden":"true"}),f&&a("span",{class:"wave-selection",style:{left:u(f.from),width:u(f.to-f.from)}}),n&&a("span",{class:"playhead",style:{left:u(d)}})]})}function br(t,e){let n=t.key==="ArrowLeft";if(t.key==="Home")D(0);else if(t.key==="End")D(e);else{if(!n&&t.key!=="ArrowRight")return;t.shiftKey?Sr(n?-To:To,e):D(C.value+(n?-So:So))}t.preventDefault()}function Sr(t,e){let{from:n,to:o}=Me.value??{from:C.value,to:C.value};ot({from:n,to:Math.min(e,Math.max(n,o+t))})}function Co(){let t=A.value;if(!t)return"";let e=t.duration_s<600?1:0;return`${rt(C.value,e)} / ${rt(t.duration_s,e)}`}var Eo=.1,Ao=1;function Po(){Je("Player",[{key:"Space",does:"Play or stop",run:Rt},{key:"l",does:"Loop the selection, or the whole",run:Bt},{key:",",does:"Back 0.1 s",run:()=>D(C.value-Eo)},{key:".",does:"On 0.1 s",run:()=>D(C.value+Eo)},{key:"Shift+,",does:"Back 1 s",run:()=>D(C.value-Ao)},{key:"Shift+.",does:"On 1 s",run:()=>D(C.value+Ao)},{key:"b",does:"Swap A and B at the same instant",run:Dt}]);let t=A.value,e=de.value||fe.value;return a("footer",{class:"dock","aria-label":"Player",children:[a("button",{type:"button",class:"icon-only play","aria-label":e?"Stop":"Play",title:e?"Stop (Space)":"Play (Space)",disabled:!t,onClick:Rt,children:a(O,{name:e?"pause":"play",filled:!0})}),a("button",{type:"button",class:"icon-only quiet","aria-label":"Loop","aria-pressed":Te.value,title:"Loop (L)",onClick:Bt,children:a(O,{name:"repeat"})}),a("span",{class:t?"dock-title cut":"dock-title cut muted",title:t?.title,children:t?t.title:"Nothing to play yet"}),a(Mo,{}),a("span",{class:"dock-time muted",children:Co()}),oe.value&&a(Tr,{}),a("label",{class:"dock-volume",children:[a(O,{name:"volume"}),a("span",{class:"hidden-text",children:"Volume"}),a("input",{type:"range",min:"0",max:"1",step:"0.01",value:Ce.value,onInput:n=>{Ce.value=Number(n.currentTarget.value)}})]}),a("button",{type:"button",class:"quiet small-button dock-keys",onClick:()=>{xe.value=!0},children:[a("kbd",{children:"?"})," keys"]})]})}function Tr(){return a("fieldset",{class:"sides",children:[a("legend",{class:"hidden-text",children:"Side that is heard"}),["A","B"].map((t,e)=>a("button",{type:"button",class:"small-button","aria-pressed":V.value===e,"aria-label":`${t}: ${(e===0?A:oe).value?.title}`,title:(e===0?A:oe).value?.title,onClick:()=>{V.value!==e&&Dt()},children:t},t)),a("label",{class:"field small",children:[a("input",{type:"checkbox",checked:nt.value,onChange:t=>{nt.value=t.currentTarget.checked}}),"level"]})]})}var Lo=500,Mr=1e4,Cr=2e3,at=_(!1),ut=_(!1),It=new Set,$t=new Set,he=0,st=Lo,Ee="",Ht;function Oo(t,e){let n={topic:t,listener:e};return It.add(n),()=>It.delete(n)}function No(t){return $t.add(t),()=>$t.delete(t)}function jt(){let t=new WebSocket(`${location.origin.replace(/^http/,"ws")}${Nt}/events`);t.onopen=()=>t.send(JSON.stringify({type:"hello",version:Ee,since:he})),t.onmessage=e=>Er(JSON.parse(e.data)),t.onclose=()=>{Ht??=setTimeout(()=>{at.value=!0},Cr),setTimeout(jt,st),st=Math.min(2*st,Mr)}}function Er(t){if(t.type==="hello")return Ar(t);if(typeof t.n!="number"||t.n<=he)return;he=t.n;let e=t;e.type==="server.updated"&&(ut.value=!0);for(let{topic:n,listener:o}of It)(e.topic===n||e.topic.startsWith(`${n}:`))&&o(e)}function Ar(t){clearTimeout(Ht),Ht=void 0,st=Lo;let e=Ee!=="";at.value=!1;let n=String(t.version??"");Ee&&n!==Ee&&(ut.value=!0),Ee||=n;let o=Number(t.n??t.since??0),i=o<he||t.missed===!0;if((he===0||i)&&(he=o),e)for(let r of $t)r()}var Ut=["sounds","train","make","codes","library","compare"],Ft=_(location.pathname+location.search),Kt=B(()=>Pr(Ft.value));function Pr(t){let{pathname:e,searchParams:n}=new URL(t,location.origin),[,o="",i=""]=e.split("/");return{screen:Ut.find(s=>s===o)??"sounds",id:decodeURIComponent(i),query:n}}function Ae(t,e="",n={}){let o=e?`/${t}/${encodeURIComponent(e)}`:`/${t}`,i=new URLSearchParams(n).toString();return i?`${o}?${i}`:o}function Lr(t,e="push"){e==="push"?history.pushState(null,"",t):history.replaceState(null,"",t),Ft.value=location.pathname+location.search}function Or(t){if(t.defaultPrevented||t.button!==0||t.metaKey||t.ctrlKey||t.shiftKey||t.altKey)return;let e=t.target instanceof Element?t.target.closest("a"):null;!e||e.target||e.hasAttribute("download")||e.origin!==location.origin||e.hash||e.pathname.startsWith("/api/")||(t.preventDefault(),Lr(e.pathname+e.search))}function Ro(){addEventListener("popstate",()=>{Ft.value=location.pathname+location.search}),document.addEventListener("click",Or)}var ie=_("unknown"),qt=_(null),lt=_("");async function Wt(){let t=/^#code=(.+)$/.exec(location.hash)?.[1];try{t&&(history.replaceState(null,"",location.pathname+location.search),await Ye("/session",{code:decodeURIComponent(t)})),await Nr(),ie.value="in"}catch(e){lt.value=e instanceof R&&e.status===401?"":Lt(e),ie.value=e instanceof R&&e.status===0?"unknown":"out",ie.value==="unknown"&&setTimeout(Wt,2e3)}}async function Nr(){qt.value=await Qe("/session")}var U=_([]),Do=B(()=>U.value.filter(t=>t.state==="running"||t.state==="waiting"));async function Io(){U.value=await Qe("/jobs")}async function $o(t){await jo(t,"stop")}async function Ho(t){await jo(t,"resume")}async function jo(t,e){try{Rr(await Ye(`/jobs/${t.id}/${e}`))}catch(n){Se(n)}}function Rr(t){let e=U.value.filter(o=>o.id!==t.id),n=e.length===U.value.length;U.value=n?[t,...e]:U.value.map(o=>o.id===t.id?t:o)}var Jt=!1;function Bo(){Jt||(Jt=!0,setTimeout(async()=>{Jt=!1;try{await Io()}catch{}},250))}function Uo(){Io().catch(Se),No(Bo),Oo("jobs",t=>{let e=t.data.sentence??t.data.error;t.type==="job.failed"?be.value=String(e??""):t.type==="job.done"&&(Ve.value=String(e??"")),Bo()})}var Br=8;function Fo(){let[t]=Do.value;return a("div",{class:"job-chip",children:[a("button",{type:"button",class:"quiet small-button",popovertarget:"jobs",children:[t?a(N,{children:[a("span",{class:t.state==="running"?"dot dot-on":"dot","aria-hidden":"true"}),a("span",{class:"cut",children:t.title}),t.remaining_s!==null&&a("span",{children:[wo(t.remaining_s)," left"]})]}):a("span",{class:"muted",children:"no job"}),a(O,{name:"chevronDown"})]}),a("div",{id:"jobs",popover:"auto",class:"popover",children:[a("h2",{children:"Jobs"}),U.value.length===0&&a("p",{class:"muted",children:"None yet: a training is one."}),a("ul",{class:"stack",children:U.value.slice(0,Br).map(e=>a(Dr,{job:e},e.id))})]})]})}function Dr({job:t}){let e=t.state==="running"||t.state==="waiting";return a("li",{class:"job-line",children:[a("div",{class:"row",children:[a("a",{href:Ae("train",t.id),class:"cut",children:t.title}),a("span",{class:"muted small spread",children:[t.kind,", ",t.state,", ",xo(t.changed)]})]}),t.state==="running"&&t.progress!==null&&a("progress",{value:t.progress,"aria-label":`Progress of ${t.title}`}),a("div",{class:"row",children:[t.sentence&&a("p",{class:"small muted job-sentence",children:t.sentence}),e&&a("button",{type:"button",class:"small-button spread",disabled:t.is_stopping,onClick:()=>$o(t),children:t.state==="waiting"?"Remove":"Stop"}),t.state==="cut-off"&&a("button",{type:"button",class:"small-button spread",onClick:()=>Ho(t),children:"Go on"})]})]})}function Ko(){return a("h1",{children:"Codes"})}function qo(){return a("h1",{children:"Compare"})}function Wo(){return a("h1",{children:"Library"})}function Jo(){return a("h1",{children:"Make"})}function Go(){return a("h1",{children:"Sounds"})}function Vo(){return a("h1",{children:"Train"})}var zo={sounds:Go,train:Vo,make:Jo,codes:Ko,library:Wo,compare:qo};var Xo={sounds:"Sounds",train:"Train",make:"Make",codes:"Codes",library:"Library",compare:"Compare"},Ir=2e9;function Zo(){let{screen:t}=Kt.value,e=zo[t];return document.title=`${Xo[t]} · Distill`,a("div",{class:"frame",children:[a("a",{class:"skip",href:"#screen",children:"Skip to the screen"}),a($r,{}),a(Fr,{}),a("main",{id:"screen",class:`screen screen-${t}`,tabIndex:-1,children:a(e,{})}),a(Kr,{}),a(Po,{}),a(no,{}),a("div",{class:"hidden-text",role:"status","aria-live":"polite",children:Ve.value}),a("div",{class:"hidden-text",role:"alert","aria-live":"assertive",children:be.value})]})}function $r(){let t=Kt.value.screen;return a("header",{class:"header",children:[a("a",{class:"word-mark",href:Ae("sounds"),children:"Distill"}),a("nav",{"aria-label":"Screens",children:Ut.map(e=>a("a",{href:Ae(e),"aria-current":e===t?"page":void 0,children:Xo[e]},e))}),a("div",{class:"header-end",children:[a(Fo,{}),a(Ur,{})]})]})}var Hr={auto:"dark",dark:"light",light:"auto"},jr={auto:"as the system",dark:"dark",light:"light"};function Ur(){let t=`Theme: ${jr[H.value]}`;return a("button",{type:"button",class:"quiet icon-only","aria-label":t,title:t,onClick:()=>{H.value=Hr[H.value]},children:a(O,{name:{auto:"sunMoon",dark:"moon",light:"sun"}[H.value]})})}function Fr(){let t=qt.value?.free_bytes;return a("div",{class:"bars",children:[at.value&&a("p",{class:"bar",children:[a(O,{name:"circleAlert"})," The connection to Distill is lost: trying again. Training goes on without it."]}),ut.value&&a("p",{class:"bar",children:["Distill was updated.",a("button",{type:"button",class:"small-button",onClick:()=>location.reload(),children:"Reload"})]}),t!==void 0&&t<Ir&&a("p",{class:"bar warn",children:[a(O,{name:"circleAlert"})," ",ko(t)," are free on the disk of the workspace."]})]})}function Kr(){return a("div",{class:"toasts",children:le.value.map(t=>a("div",{class:t.isBad?"toast toast-bad":"toast",children:[t.isBad&&a(O,{name:"circleAlert"}),a("span",{children:t.text}),t.undo&&a("button",{type:"button",class:"small-button",onClick:()=>{t.undo?.(),ze(t.id)},children:"Undo"}),a("button",{type:"button",class:"quiet icon-only small-button","aria-label":"Dismiss",onClick:()=>ze(t.id),children:a(O,{name:"x"})})]},t.id))})}function Qo(){return a("main",{class:"no-login",children:[a("h1",{children:"This browser is not logged in"}),lt.value&&a("p",{class:"bad",children:lt.value}),a("p",{children:["Run ",a("kbd",{children:"distill ui --link"})," and open the link that it prints. It is good for one minute and one browser."]})]})}function qr(){return ie.value==="out"?a(Qo,{}):ie.value==="in"?a(Zo,{}):null}Ro();to();E(()=>{ie.value==="in"&&(jt(),Uo())});Wt();var Yo=document.getElementById("page");Yo&&un(a(qr,{}),Yo);
